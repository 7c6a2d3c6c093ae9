// The health of the links in words. Pure functions.
import { clockText, plural } from './format.js';

const FEW = 2; // so many links can be named in a line

// The links in one sentence, with a shape: disc (all up, and one could be lost), triangle (some are not, or none could),
// square (none is up).
export function health(channel) {
  const all = channel.links.length;
  const up = channel.links.filter((link) => link.state === 'up').length;
  const parts = [`${up} of ${plural(all, 'link')} up${silentOnes(channel.links, up)}`];
  const bare = channel.state === 'live' && up > 0 && channel.survives_links < 1;
  if (bare && up > 1) parts.push('all needed');
  if (channel.state === 'live') {
    const lost = channel.recent?.['60s']?.lost ?? 0;
    parts.push(lost === 0 ? 'nothing lost' : `${plural(lost, 'packet')} lost in the last minute`);
  }
  return { text: parts.join(', '), shape: up === 0 ? 'square' : up === all && !bare ? 'disc' : 'triangle' };
}

// Names the links that are not up, where they are few. The time of the day stays the same, so the line does not twitch.
function silentOnes(links, up) {
  const off = links.filter((link) => link.state !== 'up');
  if (up === 0 || off.length === 0 || off.length > FEW) return '';
  if (off.length === 1) return ` (${off[0].port} ${linkWords(off[0])})`;
  return ` (not ${off.map((link) => link.port).join(', ')})`;
}

// How a link is that is not up, in words.
export function linkWords(link) {
  if (link.state === 'down') return 'down';
  if (!link.since || !link.datagrams?.received) return 'has brought nothing yet';
  return `silent since ${clockText(Date.parse(link.since))}`;
}
