// What the viewer is told: from the receiver's snapshot, the connection to it and the player, the state in a word and a
// shape, and where there is no live picture, what is missing, since when, why, and what to do. Pure functions.
import { clockText, lasting } from './format.js';

// Shapes: disc (good), play (moves, but is not live), triangle (warning), square (bad), ring (waiting), bars (paused).

// By the verdict's code: the state in a word, its shape, what is missing, and what that means for a viewer.
const RETURNS = 'The picture comes by itself as soon as the rig sends.';
const OPERATOR = 'Only the operator of the receiver can mend this: show them this page.';
const VERDICTS = {
  'no-packets': ['Waiting', 'ring', 'Waiting for the rig', RETURNS],
  'not-isc': ['No picture', 'triangle', 'What arrives is not a rig\u2019s video', OPERATOR],
  'not-allowed': ['No picture', 'triangle', 'What arrives is not allowed', OPERATOR],
  'clock-jumps': ['No picture', 'triangle', 'The rig\u2019s clock jumps', OPERATOR],
  'no-keyframe': ['No picture', 'triangle', 'Waiting for a whole picture', 'It comes as soon as the rig sends one.'],
  silent: ['No signal', 'square', 'No signal', RETURNS],
  'too-lossy': ['No picture', 'square', 'Too much is lost for a picture', 'The picture comes by itself when the links get better.'],
  failed: ['Failed', 'square', 'Reception has failed', OPERATOR],
  stopped: ['Stopped', 'square', 'The receiver is stopped', 'The picture comes when its operator starts it.'],
};
const UNKNOWN = ['No picture', 'triangle', 'There is no picture', OPERATOR];

// By why the receiver refuses to show anything.
const DENIED = {
  void: ['This link is no longer valid', 'Ask the operator of the receiver for the present one.'],
  expired: ['This link has expired', 'Ask the operator of the receiver for a new one.'],
};

// What only technicians read: bytes, addresses, ports, commands. Times of the day have two colons, IPv6 has more.
const BYTES = /\b[0-9a-f]{2}(?:[ :][0-9a-f]{2}){3,}\b/i;
const ADDRESSES = /\b\d{1,3}(?:\.\d{1,3}){3}\b|::|(?:[0-9a-f]{1,4}:){3,}/i;
const TERMS = /\b(?:UDP|TCP|ports?|SSRC|RTP|bytes?|packets?|datagrams?|keyframes?|sudo|firewall|nftables|iptables|interface)\b|`/i;

export const isTechnical = (sentence) => [BYTES, ADDRESSES, TERMS].some((pattern) => pattern.test(sentence));

// Returns {word, shape, notice, mark}: notice is null while the picture is live, else {what, since, why, evidence, advice,
// technical}; mark is a remark on a picture that moves, or ''. now and all times are milliseconds of the server's clock,
// but feed.lostSince, which is of ours; verdictSince says when the channel's verdict came to be, or NaN;
// online is what the browser thinks of the network.
export function condition({ feed, channel, gone, player, now, verdictSince = NaN, online = true }) {
  if (feed.denied) {
    const [what, why] = DENIED[feed.denied];
    return missing('No access', 'square', what, why);
  }
  if (feed.lostSince) {
    const since = feed.met ? `since ${clockText(feed.lostSince)}` : '';
    return online ? missing('No connection', 'square', 'No connection to the receiver', 'The picture comes back by itself.', since) : offline(since);
  }
  if (!feed.met) return missing('Connecting', 'ring', 'Connecting to the receiver', '');
  if (gone) return missing('Not there', 'ring', `${gone} is not here`,
    'It is not set up on this receiver, or this link is not for it. The picture comes by itself when that changes.');
  if (!channel) return missing('No rig', 'ring', 'No rig is set up on this receiver', 'It appears here as soon as its operator adds one.');
  return withoutVideo(channel, now, verdictSince) ?? ofPlayer(channel, player, now, verdictSince, online);
}

function missing(word, shape, what, why, since = '', technical = []) {
  return { word, shape, notice: { what, since, why, evidence: [], advice: '', technical }, mark: '' };
}

// Browsers also call a machine without any network offline, which may still reach itself: it is said where nothing comes.
const offline = (since) => missing('No connection', 'square', 'This device has no network',
  'Is its Wi-Fi or mobile data on? The picture comes back by itself.', since);

// What the receiver says of a channel without a picture.
function diagnosis(channel, now, since) {
  const { code, text, evidence, advice } = channel.verdict;
  const [word, shape, what, hint] = VERDICTS[code] ?? UNKNOWN;
  const ended = isCapture(channel) && code === 'stopped';
  const title = ended ? 'The capture has been played' : what;
  const reason = (channel.state === 'failed' && channel.error) || text;
  const facts = [reason, ...(evidence ?? [])];
  const plain = advice && !isTechnical(advice);
  return {
    word: ended ? 'Ended' : word,
    shape: ended ? 'ring' : shape,
    notice: {
      what: title,
      since: lasting(since, now),
      why: isTechnical(reason) ? '' : reason.replace(`${title}. `, ''),
      evidence: facts.slice(1).filter((fact) => !isTechnical(fact)),
      advice: plain ? advice : ended ? '' : hint,
      technical: [...facts.filter(isTechnical), ...(advice && !plain ? [advice] : [])],
    },
    mark: '',
  };
}

const stateSince = (channel) => Date.parse(channel.since ?? '');
const isOK = (channel) => channel.verdict.code === 'ok' || !channel.verdict.code;
export const isCapture = (channel) => channel.source === 'file';

// Where the receiver has no video for players: why. Else null.
function withoutVideo(channel, now, verdictSince) {
  if (channel.state === 'failed' || channel.state === 'stopped') return diagnosis(channel, now, stateSince(channel));
  if (!channel.hls.enabled) {
    return missing('Off', 'ring', 'Video for viewers is switched off', 'The picture comes when the operator switches it on.');
  }
  if (channel.hls.error) return missing('Failed', 'square', 'There is no video for viewers', OPERATOR, '', [channel.hls.error]);
  if (channel.state !== 'live') return diagnosis(channel, now, stateSince(channel));
  if (channel.hls.ready) return null;
  if (!isOK(channel)) return diagnosis(channel, now, verdictSince);
  return missing('Starting', 'ring', 'The picture is coming', 'Its first second is being put together.');
}

// What is wrong may still let pictures through: as long as they move, it is a remark.
function ofPlayer(channel, player, now, verdictSince, online) {
  switch (player.phase) {
    case 'paused':
      return { word: 'Paused', shape: 'bars', notice: null, mark: `Paused ${lasting(player.since, now)}` };
    case 'blocked':
      return missing('Ready', 'bars', 'Touch the picture to start it', 'This browser does not start videos by itself.');
    case 'unsupported':
      return missing('No player', 'square', 'This browser cannot play the video', 'Use a current Chrome, Edge, Firefox or Safari.');
    case 'playing':
      return playing(channel);
    default:
  }
  if (!online) return offline(lasting(player.since, now));
  if (!isOK(channel)) return diagnosis(channel, now, verdictSince);
  if (player.phase === 'stalled') {
    return missing('Interrupted', 'triangle', 'The picture stands still',
      'The receiver has a picture; the connection to this browser is too slow or was interrupted.', lasting(player.since, now));
  }
  return missing('Loading', 'ring', 'Loading the picture', '', now - player.since > 2000 ? lasting(player.since, now) : '');
}

function playing(channel) {
  const moving = (word, shape, mark) => ({ word, shape, notice: null, mark });
  if (!isOK(channel)) return moving('Disturbed', 'triangle', channel.verdict.text);
  if (channel.stream.damaged) return moving('Damaged', 'triangle', 'Parts of this picture may be wrong');
  if (isCapture(channel)) return moving('Capture', 'play', '');
  return moving('Live', 'disc', '');
}

// The state of a channel in a list of them: {word, shape}.
export function summary(channel) {
  if (channel.state === 'live' && isOK(channel)) {
    if (!channel.hls.enabled) return { word: 'Off', shape: 'ring' };
    if (!channel.hls.ready) return { word: 'Starting', shape: 'ring' };
    return isCapture(channel) ? { word: 'Capture', shape: 'play' } : { word: 'Live', shape: 'disc' };
  }
  if (channel.state === 'live' && channel.verdict.code === 'too-lossy' && channel.hls.ready) return { word: 'Disturbed', shape: 'triangle' };
  const { word, shape } = diagnosis(channel, 0, NaN);
  return { word, shape };
}

// Verdicts remembers since when each channel has had its present verdict.
export class Verdicts {
  #seen = new Map(); // by the channel's id: {code, at}

  // Takes note of a snapshot. What the first one says began at a time that is not known.
  note(snapshot) {
    const before = this.#seen;
    this.#seen = new Map();
    for (const { id, verdict: { code } } of snapshot.channels) {
      const last = before.get(id);
      this.#seen.set(id, last?.code === code ? last : { code, at: last ? Date.parse(snapshot.time) : NaN });
    }
  }

  since(channel) { return this.#seen.get(channel?.id)?.at ?? NaN; }
}
