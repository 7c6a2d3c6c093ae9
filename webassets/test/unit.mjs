// Tests of what the page says and shows, without a browser: npm test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelShape, condition, health } from '../src/condition.js';
import { ServerClock } from '../src/feed.js';
import { bitrate, count, lasting, lateness, plural } from '../src/format.js';
import { LivePace } from '../src/pace.js';
import { fileName } from '../src/shot.js';

const NOW = Date.parse('2026-01-02T03:04:20.000Z');

function channel(changes = {}) {
  return {
    id: 'rig1', name: 'Rig 1', state: 'live', since: '2026-01-02T03:04:08.000Z', error: '',
    verdict: { code: 'ok', text: 'The verdict.' }, stream: { damaged: false }, survives_links: 1,
    recent: { '60s': { lost: 0 } }, hls: { enabled: true, ready: true, epoch: 1, error: '' },
    links: [{ state: 'up' }, { state: 'up' }, { state: 'silent' }, { state: 'up' }],
    ...changes,
  };
}

const connected = { met: true, lostSince: 0, denied: false };
const playing = { phase: 'playing', since: NOW };

test('what is missing, and since when', () => {
  const silent = channel({ state: 'silent' });
  const lossy = channel({ verdict: { code: 'too-lossy', text: 'Too much is lost.' } });
  const cases = [
    ['live', {}, 'Live', 'disc', null],
    ['damaged', { channel: channel({ stream: { damaged: true } }) }, 'Damaged', 'triangle', null],
    ['silent', { channel: silent }, 'No signal', 'square', 'No signal for 12 s'],
    ['waiting', { channel: channel({ state: 'waiting' }) }, 'Waiting', 'ring', 'Waiting for the rig for 12 s'],
    ['waiting, since when is not known', { channel: channel({ state: 'waiting', since: null }) }, 'Waiting', 'ring', 'Waiting for the rig'],
    ['failed', { channel: channel({ state: 'failed' }) }, 'Failed', 'square', 'Reception has failed for 12 s'],
    ['stopped', { channel: channel({ state: 'stopped' }) }, 'Stopped', 'square', 'The receiver is stopped'],
    ['HLS off', { channel: channel({ state: 'silent', hls: { enabled: false } }) }, 'Off', 'ring', 'HLS is switched off'],
    ['HLS not ready', { channel: channel({ hls: { enabled: true } }) }, 'Starting', 'ring', 'The picture is coming'],
    ['HLS failed', { channel: channel({ hls: { enabled: true, error: 'disk full' } }) }, 'Failed', 'square', 'There is no HLS output'],
    ['no keyframe', { channel: channel({ verdict: { code: 'no-keyframe', text: '' } }) }, 'Waiting', 'triangle', 'Waiting for a keyframe'],
    ['too lossy', { channel: lossy, player: { phase: 'stalled', since: NOW } }, 'Too lossy', 'square', 'Too much is lost for a picture'],
    ['too lossy to begin', { channel: { ...lossy, hls: { enabled: true } } }, 'Too lossy', 'square', 'Too much is lost for a picture'],
    ['too lossy, but pictures move', { channel: lossy }, 'Lossy', 'triangle', null],
    ['too lossy, and paused', { channel: lossy, player: { phase: 'paused', since: NOW } }, 'Paused', 'bars', null],
    ['no channel', { channel: null }, 'No channel', 'ring', 'This receiver has no channel'],
    ['first contact', { feed: { met: false } }, 'Connecting', 'ring', 'Connecting to the receiver'],
    ['never met', { feed: { met: false, lostSince: 1 } }, 'No connection', 'square', 'The receiver does not answer'],
    ['no access', { feed: { met: true, denied: true } }, 'No access', 'square', 'This link is no longer valid'],
    ['loading', { player: { phase: 'loading', since: NOW } }, 'Loading', 'ring', 'Loading the picture'],
    ['loading long', { player: { phase: 'loading', since: NOW - 5000 } }, 'Loading', 'ring', 'Loading the picture for 5 s'],
    ['stalled', { player: { phase: 'stalled', since: NOW - 3000 } }, 'Interrupted', 'triangle', 'The picture has stood still for 3 s'],
    ['blocked', { player: { phase: 'blocked', since: NOW } }, 'Ready', 'bars', 'Touch the picture to start it'],
    ['paused', { player: { phase: 'paused', since: NOW } }, 'Paused', 'bars', null],
  ];
  for (const [name, changes, word, shape, what] of cases) {
    const got = condition({ feed: connected, channel: channel(), player: playing, now: NOW, ...changes });
    assert.equal(got.word, word, name);
    assert.equal(got.shape, shape, name);
    assert.equal(got.notice?.what ?? null, what, name);
  }
});

test('a picture that moves is not covered by what is wrong with it', () => {
  const lossy = channel({ verdict: { code: 'too-lossy', text: 'Too much is lost.' } });
  assert.equal(condition({ feed: connected, channel: lossy, player: playing, now: NOW }).mark, 'Too much is lost.');
});

test('a lost connection says since when, whatever the last snapshot said', () => {
  const got = condition({ feed: { met: true, lostSince: NOW }, channel: channel(), player: playing, now: NOW });
  assert.match(got.notice.what, /^No connection to the receiver since \d\d:\d\d:\d\d$/);
});

test('the health of the links', () => {
  assert.equal(health(channel()), '3 of 4 links up, nothing lost');
  assert.equal(health(channel({ survives_links: 0 })), '3 of 4 links up, nothing lost, no link to spare');
  assert.equal(health(channel({ recent: { '60s': { lost: 1 } } })), '3 of 4 links up, 1 packet lost in the last minute');
  assert.equal(health(channel({ state: 'silent' })), '3 of 4 links up');
  assert.equal(health(channel({ links: [{ state: 'up' }], recent: null })), '1 of 1 link up, nothing lost');
});

test('the shape of a channel in the list', () => {
  assert.equal(channelShape(channel()), 'disc');
  assert.equal(channelShape(channel({ hls: { enabled: false } })), 'triangle');
  assert.equal(channelShape(channel({ state: 'waiting' })), 'ring');
  assert.equal(channelShape(channel({ state: 'silent' })), 'square');
});

test('numbers in words', () => {
  assert.equal(lasting(NOW - 59999, NOW), 'for 59 s');
  assert.equal(lasting(NOW + 500, NOW), 'for 0 s');
  assert.equal(lasting(NOW - 65000, NOW), 'for 1 min 5 s');
  assert.match(lasting(NOW - 601e3, NOW), /^since \d\d:\d\d:\d\d$/);
  assert.match(lasting(NOW - 30 * 3600e3, NOW), /^since \d\d:\d\d:\d\d on \d/);
  assert.equal(bitrate(912345), '912 kb/s');
  assert.equal(bitrate(2412345), '2.4 Mb/s');
  assert.equal(count(1234567), '1\u202f234\u202f567');
  assert.equal(plural(1, 'link'), '1 link');
  assert.equal(lateness(649), '0.6 s');
  assert.equal(lateness(-20), '0.0 s');
  assert.equal(lateness(125000), '2 min');
});

test('file names of snapshots', () => {
  const date = new Date(2026, 0, 2, 3, 4, 5);
  assert.equal(fileName('Rig 1', date), 'rig-1_2026-01-02_03-04-05.png');
  assert.equal(fileName('../Ambulância "2"', date), 'ambulancia-2_2026-01-02_03-04-05.png');
  assert.equal(fileName('\u6551\u6025', date), 'picture_2026-01-02_03-04-05.png');
});

test('the clock believes the answer with the shortest way', () => {
  const clock = new ServerClock();
  const offset = () => clock.now() - Date.now();
  const near = (want) => assert.ok(Math.abs(offset() - want) < 50, `offset ${offset()}, not ${want}`);
  clock.sample(1000, 1400, 11400); // 400 ms on the way; the server was at 11400 half of it ago
  near(10200);
  clock.sample(2000, 2010, 12100);
  near(10095);
  clock.sample(3000, 4000, 13600); // says about the same, less exactly
  near(10095);
  assert.equal(clock.doubts(clock.now() - 300), false);
  assert.equal(clock.doubts(clock.now() + 1000), true);
  clock.sample(5000, 5100, 6000); // one of the clocks was set
  near(950);
});

// A video of which only what LivePace looks at is there: it has `ahead` seconds in its buffer.
function video(ahead) {
  return { currentTime: 100, playbackRate: 1, buffered: { length: 1, end: () => 100 + ahead } };
}

function keepFor(pace, from, ms, live = 100.5) {
  for (let now = from; now <= from + ms; now += 250) pace.keep(now, live);
}

test('pace hurries only where more is in the buffer than needed', () => {
  for (const [ahead, rate] of [[0.2, 1], [0.39, 1], [0.85, 1.3], [3, 1.5]]) {
    const shown = video(ahead);
    keepFor(new LivePace(shown), 1000, 3000);
    assert.equal(shown.playbackRate, rate, `${ahead} s ahead`);
  }
});

test('pace keeps more after a stall, and jumps when far behind', () => {
  const shown = video(0.75);
  const pace = new LivePace(shown);
  pace.stalled();
  pace.stalled();
  keepFor(pace, Date.now(), 3000);
  assert.equal(shown.playbackRate, 1);
  pace.keep(Date.now() + 4000, 105);
  assert.equal(shown.currentTime, 105);
});
