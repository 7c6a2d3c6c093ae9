// Which rig is shown. Pure: the address and the receiver's channels go in.

// The id in the fragment of an address, or ''.
export function idIn(hash) {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch { // not written by us
    return hash.slice(1);
  }
}

// Choice holds on to one rig, whatever comes and goes around it: another rig's picture must never take its place unasked.
export class Choice {
  id = '';
  #name = ''; // as last seen

  // Returns {channel, gone}: the chosen channel, or undefined; and where it was chosen but is not there, its name or id.
  of(channels, hash) {
    const wanted = idIn(hash) || this.id || channels[0]?.id || '';
    if (wanted !== this.id) this.#name = '';
    this.id = wanted;
    const channel = channels.find(({ id }) => id === wanted);
    if (channel) this.#name = channel.name || channel.id;
    return { channel, gone: channel || !wanted ? '' : this.#name || wanted };
  }
}
