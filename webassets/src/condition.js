// What the viewer is told: from the receiver's snapshot, the connection to it and the player, the state in a word and a
// shape, and where there is no live picture, what is missing and since when. Pure functions.
import { clockText, lasting, plural } from './format.js';

// Shapes: disc (good), triangle (warning), square (bad), ring (waiting), bars (paused).

// Returns {word, shape, notice, mark}: notice is null while the picture is live, else {what, why}; mark is a remark on a
// live picture, or ''. now and all times are milliseconds of the server's clock, but feed.lostSince, which is of ours.
export function condition({ feed, channel, player, now }) {
  if (feed.denied) {
    return missing('No access', 'square', 'This link is no longer valid', 'Ask the operator of the receiver for the present one.');
  }
  if (feed.lostSince) {
    const what = feed.met ? `No connection to the receiver since ${clockText(feed.lostSince)}` : 'The receiver does not answer';
    return missing('No connection', 'square', what, 'The picture comes back by itself.');
  }
  if (!feed.met) return missing('Connecting', 'ring', 'Connecting to the receiver', '');
  if (!channel) return missing('No channel', 'ring', 'This receiver has no channel', 'Its operator sets one up.');
  return ofChannel(channel, now) || ofPlayer(channel, player, now);
}

function missing(word, shape, what, why) {
  return { word, shape, notice: { what: what.trim(), why }, mark: '' };
}

function ofChannel(channel, now) {
  const since = Date.parse(channel.since);
  const why = channel.verdict.text;
  switch (channel.state) {
    case 'failed':
      return missing('Failed', 'square', `Reception has failed ${lasting(since, now)}`, channel.error || why);
    case 'stopped':
      return missing('Stopped', 'square', 'The receiver is stopped', 'The picture comes when its operator starts it.');
    default:
  }
  if (!channel.hls.enabled) {
    return missing('Off', 'ring', 'HLS is switched off', 'The picture comes when the operator switches it on.');
  }
  if (channel.hls.error) return missing('Failed', 'square', 'There is no HLS output', channel.hls.error);
  switch (channel.state) {
    case 'waiting':
      return missing('Waiting', 'ring', `Waiting for the rig ${lasting(since, now)}`, why);
    case 'silent':
      return missing('No signal', 'square', `No signal ${lasting(since, now)}`, why);
    default:
  }
  switch (channel.verdict.code) {
    case 'no-keyframe':
      return missing('Waiting', 'triangle', 'Waiting for a keyframe', why);
    case 'not-isc':
      return missing('Waiting', 'triangle', 'Waiting for the rig', why);
    default:
  }
  if (!channel.hls.ready && tooLossy(channel)) return noPicture(channel);
  if (!channel.hls.ready) return missing('Starting', 'ring', 'The picture is coming', 'The first second is being put together.');
  return null;
}

// Where too much is lost, what comes may still make pictures: only where they stand still is there none.
const tooLossy = (channel) => channel.verdict.code === 'too-lossy';
const noPicture = (channel) => missing('Too lossy', 'square', 'Too much is lost for a picture', channel.verdict.text);

function ofPlayer(channel, player, now) {
  switch (player.phase) {
    case 'paused':
      return { word: 'Paused', shape: 'bars', notice: null, mark: `Paused ${lasting(player.since, now)}` };
    case 'blocked':
      return missing('Ready', 'bars', 'Touch the picture to start it', 'This browser does not start videos by itself.');
    case 'unsupported':
      return missing('No player', 'square', 'This browser cannot play the video', 'Use a current Chrome, Edge, Firefox or Safari.');
    case 'playing':
      if (tooLossy(channel)) return { word: 'Lossy', shape: 'triangle', notice: null, mark: channel.verdict.text };
      if (channel.stream.damaged) {
        return { word: 'Damaged', shape: 'triangle', notice: null, mark: 'Damaged until the next keyframe' };
      }
      return { word: 'Live', shape: 'disc', notice: null, mark: '' };
    default:
  }
  if (tooLossy(channel)) return noPicture(channel);
  switch (player.phase) {
    case 'stalled':
      return missing('Interrupted', 'triangle', `The picture has stood still ${lasting(player.since, now)}`,
        'The receiver has a picture; the connection to this browser is too slow or was interrupted.');
    default: {
      const long = now - player.since > 2000;
      return missing('Loading', 'ring', long ? `Loading the picture ${lasting(player.since, now)}` : 'Loading the picture', '');
    }
  }
}

// The shape that stands for a channel in a list of them.
export function channelShape(channel) {
  if (channel.state === 'live') return channel.hls.enabled && channel.hls.ready ? 'disc' : 'triangle';
  return channel.state === 'waiting' ? 'ring' : 'square';
}

// The health of the links in one sentence.
export function health(channel) {
  const up = channel.links.filter((link) => link.state === 'up').length;
  const links = `${up} of ${plural(channel.links.length, 'link')} up`;
  if (channel.state !== 'live') return links;
  const lost = channel.recent?.['60s']?.lost ?? 0;
  const losses = lost === 0 ? 'nothing lost' : `${plural(lost, 'packet')} lost in the last minute`;
  return `${links}, ${losses}${up > 0 && channel.survives_links < 1 ? ', no link to spare' : ''}`;
}
