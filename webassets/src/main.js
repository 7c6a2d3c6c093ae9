// The page: wires the receiver's figures to the player and the view.
import { Choice } from './choice.js';
import { Verdicts, condition, isCapture } from './condition.js';
import { Details } from './details.js';
import { $ } from './dom.js';
import { Feed } from './feed.js';
import { Player } from './player.js';
import { PopOut } from './popout.js';
import { Rigs } from './rigs.js';
import { savePicture } from './shot.js';
import { shapePicture, showClock, showCondition, showFigures, toast } from './view.js';

const video = $('video');
const still = $('still');
const player = new Player(video, still);
const details = new Details($('details'));
const popOut = new PopOut($('stage'), video, $('away'));
const rigs = new Rigs($('channels'), chooseChannel);
const choice = new Choice();
const verdicts = new Verdicts();
const feed = new Feed(onSnapshot, onConnection);
const frame = { date: null, late: null, frozen: false, shown: 0 }; // the one on screen
const lateOf = []; // of the last frames, in ms
const figures = { firstPicture: 0, frames: 0 };
// ms that a frame may be later than its place in the playlist says. The dates of a playlist stand at the beginnings of
// segments, so what comes after an outage is dated wrongly until the next segment begins: better no date than a wrong one.
const DOUBT = 2000;
let snapshot = null;
let detailsChosen = false;

const chosen = () => choice.of(snapshot?.channels ?? [], location.hash);
const nameOf = (channel) => channel.name || channel.id;

function onSnapshot(next) {
  if (snapshot && snapshot.version !== next.version) location.reload(); // the receiver was updated, so was its page
  snapshot = next;
  verdicts.note(next);
  const { channel } = chosen();
  const source = channel?.hls.enabled && channel.hls.ready
    ? { path: channel.hls.path, id: `${channel.id} ${channel.hls.epoch}` } : null; // each run begins at another epoch
  player.play(source, channel?.state === 'live');
  if (channel && !video.videoWidth) shapePicture(channel.stream.width, channel.stream.height);
  render();
}

function onConnection() {
  if (feed.denied) player.play(null, false); // what it may not have, it does not ask for
  else if (feed.lostSince) player.pauseRetries();
  render();
}

function render() {
  const { channel, gone } = chosen();
  const now = condition({
    feed, channel, gone, now: feed.clock.now(), verdictSince: verdicts.since(channel), online: navigator.onLine,
    player: { phase: player.phase, since: feed.clock.now() - (Date.now() - player.since) },
  });
  showCondition(channel ? nameOf(channel) : gone || 'ISC Receiver', now);
  if (now.notice) popOut.leaveBare();
  frame.frozen = Boolean(now.notice) || player.phase === 'paused';
  showFrame();
  $('pause').textContent = player.phase === 'paused' ? 'Go live' : 'Pause';
  $('pause').disabled = !['playing', 'paused', 'stalled'].includes(player.phase);
  $('shot').disabled = !frame.date && !video.videoWidth && still.hidden;
  if (!snapshot) return;
  showFigures(channel, snapshot, feed.lostSince > 0 || Boolean(feed.denied));
  rigs.update(snapshot.channels, choice.id);
  if (channel) details.update(channel, snapshot, player.stats);
}

function chooseChannel(id) {
  if (id === choice.id) return;
  history.replaceState(null, '', `#${encodeURIComponent(id)}`);
  switchChannel();
}

function switchChannel() {
  player.stop(); // a picture of another rig must not stand here
  lateOf.length = 0;
  frame.date = frame.late = null;
  if (snapshot) onSnapshot(snapshot);
}

function showFrame() {
  const { channel } = chosen();
  const late = frame.frozen || (channel && isCapture(channel)) ? null : frame.late; // of a capture it would say nothing
  showClock(frame.date, late, frame.frozen);
}

// Follows the frames on screen, for their time and lateness.
function onFrame(mediaTime) {
  figures.firstPicture ||= performance.now();
  const date = player.dateAt(mediaTime);
  const late = date && feed.clock.now() - date.getTime();
  const known = date && (player.latency === null || late < player.latency * 1000 + DOUBT);
  if (known) lateOf.push(late);
  else lateOf.length = 0;
  if (lateOf.length > 25) lateOf.shift();
  frame.date = known ? date : null;
  const now = performance.now();
  if (now - frame.shown < 250) return;
  frame.shown = now;
  frame.late = [...lateOf].sort((a, b) => a - b)[lateOf.length >> 1] ?? null;
  showFrame();
}

function followFrames() {
  if (!video.requestVideoFrameCallback) {
    video.addEventListener('timeupdate', () => onFrame(video.currentTime));
    return;
  }
  const next = (_, { mediaTime }) => {
    figures.frames++;
    onFrame(mediaTime);
    video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
}

function toggleDetails(open = $('details').hidden) {
  $('details').hidden = !open;
  $('main').classList.toggle('opened', open);
  $('more').setAttribute('aria-expanded', String(open));
  render();
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if ($('stage').requestFullscreen) $('stage').requestFullscreen().catch(() => toast('Full screen is not allowed here'));
  else video.webkitEnterFullscreen?.(); // iPhones know only this
}

async function takeShot() {
  const { channel } = chosen();
  const source = still.hidden ? video : still;
  const size = still.hidden ? { width: video.videoWidth, height: video.videoHeight } : { width: still.width, height: still.height };
  if (!size.width || !channel) return;
  await savePicture(source, size, { name: nameOf(channel), date: frame.date, demo: snapshot.demo });
  toast('Picture saved');
}

function toggleSound() {
  video.muted = !video.muted;
  const silent = video.webkitAudioDecodedByteCount === 0 || video.mozHasAudio === false; // rigs send pictures alone
  if (silent) toast('This video has no sound');
  else toast(video.muted ? 'Muted' : 'Sound on');
}

const actions = {
  ' ': () => player.togglePause(),
  f: toggleFullScreen,
  s: takeShot,
  d: () => { detailsChosen = true; toggleDetails(); },
  m: toggleSound,
  p: () => popOut.toggle().catch(() => toast('A window of its own is not allowed here')),
};
for (let digit = 1; digit <= 9; digit++) {
  actions[digit] = () => {
    const channel = snapshot?.channels[digit - 1];
    if (channel) chooseChannel(channel.id);
  };
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.key === ' ' && event.target.closest('button, summary, a')) return; // it presses that
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function listen() {
  $('pause').addEventListener('click', actions[' ']);
  $('shot').addEventListener('click', actions.s);
  $('more').addEventListener('click', actions.d);
  $('full').addEventListener('click', actions.f);
  $('stage').addEventListener('click', () => player.unblock());
  $('stage').addEventListener('dblclick', (event) => { if (!event.target.closest('.card')) toggleFullScreen(); });
  $('pop').addEventListener('click', actions.p);
  $('pop').hidden = !popOut.possible;
  popOut.onKey = onKey;
  popOut.onChange = (out) => $('pop').setAttribute('aria-pressed', String(out));
  player.watched = () => !document.hidden || popOut.isOut;
  document.addEventListener('keydown', onKey);
  document.addEventListener('fullscreenchange', () => {
    $('full').textContent = document.fullscreenElement ? 'Leave full screen' : 'Full screen';
  });
  window.addEventListener('hashchange', switchChannel);
  for (const event of ['online', 'offline']) window.addEventListener(event, render);
  video.addEventListener('resize', () => shapePicture(video.videoWidth, video.videoHeight));
  player.onChange = render;
}

// On an upright screen there is room below the picture anyway.
function openDetailsWhereRoom() {
  const upright = matchMedia('(max-aspect-ratio: 1/1)');
  const follow = () => { if (!detailsChosen) toggleDetails(upright.matches); };
  upright.addEventListener('change', follow);
  follow();
}

listen();
openDetailsWhereRoom();
followFrames();
feed.start();
setInterval(render, 500);
window.iscFigures = () => ({ // for tests
  ...figures, ...player.stats, phase: player.phase, late: frame.late, latency: player.latency, rate: video.playbackRate,
});
