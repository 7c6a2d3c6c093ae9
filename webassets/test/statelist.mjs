// States that a receiver can be in, each made from the snapshot of one that is live, and what the page is to say then.
// change makes the snapshot; proxy are fields of the proxy's state that are set meanwhile; the other fields are what is seen.

const ago = (snapshot, ms) => new Date(Date.parse(snapshot.time) - ms).toISOString();
const quiet = (link, since) => Object.assign(link, { state: 'silent', since, bitrate_bps: 0, share: 0 });

// Makes the first channel one without a picture.
function without(snapshot, state, verdict, ms = 74000) {
  const [channel] = snapshot.channels;
  const since = ago(snapshot, ms);
  Object.assign(channel, { state, since, verdict });
  for (const link of channel.links) quiet(link, since);
  return snapshot;
}

function copyOf(channel, id, name, changes = {}) {
  return { ...structuredClone(channel), id, name, ...changes };
}

const LONG = 'Rescue Service of the North-Western District, Ambulance 4711';
const WORDS = `The receiver cannot listen: another program has taken what it needs, which may be a second start of the
  receiver, or a service that was installed before and starts with the machine; end it, and then start this one again.`;

const silentVerdict = {
  code: 'silent', text: 'No signal. Nothing has come from the rig for 74 s.',
  evidence: ['All 4 links stopped within 0.4 s, so the rig or its coverage is gone rather than one link.',
    'The last datagram came from 10.77.0.2:40000 on UDP 5078.'],
  advice: 'Ask the crew whether the rig has power.',
};

export const STATES = {
  live: { says: 'Live', change: (s) => s },
  open: { says: 'Live', open: 'Open to all: no key', change(s) { s.access = 'open'; return s; } },
  damaged: { says: 'Damaged', mark: 'Parts of this picture may be wrong', change(s) { s.channels[0].stream.damaged = true; return s; } },
  'no-spare': {
    says: 'Live', health: /^4 of 4 links up, all needed, 10 packets lost in the last minute$/,
    change(s) {
      const [channel] = s.channels;
      channel.links.forEach((link) => { link.state = 'up'; });
      channel.survives_links = 0;
      channel.recent['60s'].lost = 10;
      return s;
    },
  },
  lost: { says: 'No connection', what: 'No connection to the receiver', change: (s) => s, proxy: { refuse: true } },
  void: { says: 'No access', what: 'This link is no longer valid', change: (s) => s, proxy: { denied: 'Key realm="ISC Receiver"' } },
  expired: {
    says: 'No access', what: 'This link has expired', change: (s) => s, proxy: { denied: 'Key realm="ISC Receiver", error="expired"' },
  },
  link: {
    says: 'Live', health: /^3 of 4 links up \(\d+ silent since \d\d:\d\d:\d\d\)/,
    change(s) {
      s.channels[0].links.forEach((link) => { link.state = 'up'; });
      quiet(s.channels[0].links[2], ago(s, 12000));
      return s;
    },
  },
  details: { // with each fold open, and numbers as long as they get
    says: 'Live', opened: true,
    change(s) {
      const [channel] = s.channels;
      channel.malformed = { short: 12, version: 123456, 'too-long': 3 };
      channel.refused = { address: 1234, source: 99, ceiling: 7 };
      channel.ceilings = {
        open_segments: { limit: 512, now: 3, reached: 0 }, held_bytes: { limit: 8388608, now: 123456, reached: 0 },
        sources: { limit: 16, now: 2, reached: 41 }, decode_bytes: { limit: 50000000, now: 1234567, reached: 0 },
        log_lines: { limit: 5, now: 0, reached: 1234 },
      };
      channel.links.forEach((link) => {
        const big = link.index * 1234567 + 12345678;
        Object.assign(link, { malformed: { short: 12 }, refused: { source: 99 }, feedback_sent: big, feedback_withheld: 12, from: '[2001:db8:1234:5678:9abc:def0:1234:5678]:40000' });
        Object.assign(link.datagrams, { received: big, source: big, parity: big, kernel_dropped: 12 });
      });
      channel.links.forEach((link) => { link.state = 'up'; });
      quiet(channel.links[1], ago(s, 12000));
      Object.assign(channel.links[3], { state: 'down', error: 'network interface wwan3 is not there' });
      return s;
    },
    health: /^2 of 4 links up \(not \d+, \d+\)/,
  },
  rigs: {
    says: 'Live', rigs: 3,
    change(s) {
      const [first] = s.channels;
      Object.assign(first, { name: 'Ambulance 1' });
      const silent = without(structuredClone(s), 'silent', silentVerdict).channels[0];
      s.channels.push(copyOf(silent, 'rig2', 'Ambulance 2'));
      s.channels.push(copyOf(first, 'rig3', 'Helicopter', { source: 'file' }));
      return s;
    },
  },
  many: {
    says: 'Live', rigs: 24,
    change(s) {
      for (let i = 2; i <= 24; i++) s.channels.push(copyOf(s.channels[0], `rig${i}`, `Ambulance ${i}`));
      return s;
    },
  },
  crowded: { // all as long as it gets
    says: 'Damaged', mark: 'Parts of this picture may be wrong', open: /^Open to all/, opened: true, rigs: 6,
    health: /^5 of 8 links up, 12\D345 packets lost in the last minute$/,
    change(s) {
      const [channel] = s.channels;
      s.access = 'open';
      Object.assign(channel, { name: LONG, survives_links: 1 });
      channel.stream.damaged = true;
      channel.recent['60s'].lost = 12345;
      for (let i = channel.links.length; i < 8; i++) channel.links.push({ ...structuredClone(channel.links[0]), index: i, port: 65528 + i });
      channel.links.forEach((link) => Object.assign(link, {
        state: 'up', from: '[2001:db8:1234:5678:9abc:def0:1234:5678]:40000', saved: 12345678, share: 1, jitter_ms: 123.4, delay_ms: 12345,
      }));
      for (const i of [2, 5]) quiet(channel.links[i], ago(s, 12000));
      Object.assign(channel.links[7], { state: 'down', error: `the network interface enx0c5b8f279a64-wwan3 is not there. ${WORDS}` });
      for (let i = 2; i <= 6; i++) s.channels.push(copyOf(channel, `rig${i}`, `Ambulance ${i} of ${LONG}`));
      return s;
    },
  },
  wordy: {
    says: 'Failed', what: 'Reception has failed', technical: 1, rigs: 3,
    change(s) {
      without(s, 'failed', {
        code: 'failed', text: 'Reception has failed.',
        evidence: ['The address 2001:db8:1234:5678:9abc:def0:1234:5678 of a-very-long-host-name.department.hospital.example.org is not there.'],
      });
      Object.assign(s.channels[0], { name: LONG, error: WORDS });
      for (let i = 2; i <= 3; i++) s.channels.push(copyOf(s.channels[0], `rig${i}`, `Ambulance ${i} of ${LONG}`));
      return s;
    },
  },
  silent: { says: 'No signal', what: 'No signal', technical: 1, change: (s) => without(s, 'silent', silentVerdict) },
  'no-packets': {
    says: 'Waiting', what: 'Waiting for the rig', technical: 4,
    change: (s) => without(s, 'waiting', {
      code: 'no-packets', text: 'Nothing arrives on UDP 5078-5081.',
      evidence: ['Nothing has come since the receiver was started.',
        'Listening on 0.0.0.0, UDP ports 5078-5081; the addresses of this machine are 10.0.0.2 (eth0) and 192.168.178.31 (wlan0).',
        'The firewall (nftables) drops UDP 5080 and 5081 from everywhere: table inet filter, chain input.'],
      advice: 'Let the ports through: sudo nft add rule inet filter input udp dport 5078-5081 accept',
    }),
  },
  'not-isc': {
    says: 'No picture', what: 'What arrives is not a rig\u2019s video', technical: 4,
    change: (s) => without(s, 'waiting', {
      code: 'not-isc', text: 'What arrives on UDP 5078-5081 is not the coded video of a rig.',
      evidence: ['1 240 datagrams came in the last minute, and none was coded video.',
        'The last came from 198.51.100.23:51000, 60 bytes: 80 60 1f 2a 00 00 10 e1 de ad be ef 7c 85 b8 00 (version: 8, not 0)'],
      advice: 'Is the rig set to send plain RTP? Switch its inter-stream coding on.',
    }),
  },
  'not-allowed': {
    says: 'No picture', what: 'What arrives is not allowed', technical: 3,
    change: (s) => without(s, 'waiting', {
      code: 'not-allowed', text: 'Packets arrive from an address that this rig may not have.',
      evidence: ['They come from 203.0.113.9; allowed are 10.77.0.0/16 and 2001:db8:77::/48.'],
      advice: 'Add 203.0.113.9/32 to the allowed addresses of this rig.',
    }),
  },
  lossy: {
    says: 'Disturbed', mark: /^Too much is lost on the way/,
    change(s) {
      s.channels[0].verdict = { code: 'too-lossy', text: 'Too much is lost on the way: 31 of 120 packets in the last second could not be rebuilt.' };
      return s;
    },
  },
  capture: { says: 'Capture', source: 'Capture, not live', change(s) { Object.assign(s.channels[0], { source: 'file', listen_only: true }); return s; } },
  gone: {
    says: 'Not there', what: 'Rig 1 is not here', rigs: 1,
    change(s) {
      Object.assign(s.channels[0], { id: 'other', name: 'Ambulance 7' });
      return s;
    },
  },
};
