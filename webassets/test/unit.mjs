// Tests of what the page says and shows, without a browser: npm test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History, pathOf, roundUp } from '../src/charts.js';
import { Choice, idIn } from '../src/choice.js';
import { Verdicts, condition, isTechnical, summary } from '../src/condition.js';
import { ServerClock } from '../src/feed.js';
import { bitrate, count, lasting, lateness, plural, seconds } from '../src/format.js';
import { health, linkWords } from '../src/health.js';
import { LivePace } from '../src/pace.js';
import { fileName } from '../src/shot.js';
import { wayToPlay } from '../src/way.js';

const NOW = Date.parse('2026-01-02T03:04:20.000Z');

function channel(changes = {}) {
  return {
    id: 'rig1', name: 'Rig 1', state: 'live', since: '2026-01-02T03:04:08.000Z', error: '', source: 'udp',
    verdict: { code: 'ok', text: 'The verdict.' }, stream: { damaged: false }, survives_links: 1,
    recent: { '60s': { lost: 0 } }, hls: { enabled: true, ready: true, epoch: 1, error: '' },
    links: [link(5078), link(5079), link(5080, { state: 'silent' }), link(5081)],
    ...changes,
  };
}

function link(port, changes = {}) {
  return { port, state: 'up', since: '2026-01-02T03:04:08.000Z', datagrams: { received: 7 }, ...changes };
}

const connected = { met: true, lostSince: 0, denied: '' };
const playing = { phase: 'playing', since: NOW };
const look = (changes) => condition({ feed: connected, channel: channel(), player: playing, now: NOW, ...changes });
const says = (code, more = {}) => ({ verdict: { code, text: `It is ${code}.` }, ...more });

test('what is missing, and since when', () => {
  const silent = channel(says('silent', { state: 'silent' }));
  const waiting = (code, more) => channel(says(code, { state: 'waiting', ...more }));
  const lossy = channel(says('too-lossy'));
  const stalled = { phase: 'stalled', since: NOW - 3000 };
  const cases = [
    ['live', {}, 'Live', 'disc', null],
    ['damaged', { channel: channel({ stream: { damaged: true } }) }, 'Damaged', 'triangle', null],
    ['silent', { channel: silent }, 'No signal', 'square', 'No signal for 12 s'],
    ['waiting', { channel: waiting('no-packets') }, 'Waiting', 'ring', 'Waiting for the rig for 12 s'],
    ['waiting, since when is not known', { channel: waiting('no-packets', { since: null }) }, 'Waiting', 'ring', 'Waiting for the rig'],
    ['not ISC', { channel: waiting('not-isc') }, 'No picture', 'triangle', 'What arrives is not a rig\u2019s video for 12 s'],
    ['not allowed', { channel: waiting('not-allowed') }, 'No picture', 'triangle', 'What arrives is not allowed for 12 s'],
    ['failed', { channel: channel(says('failed', { state: 'failed' })) }, 'Failed', 'square', 'Reception has failed for 12 s'],
    ['stopped', { channel: channel(says('stopped', { state: 'stopped' })) }, 'Stopped', 'square', 'The receiver is stopped for 12 s'],
    ['HLS off', { channel: { ...silent, hls: { enabled: false } } }, 'Off', 'ring', 'Video for viewers is switched off'],
    ['HLS not ready', { channel: channel({ hls: { enabled: true } }) }, 'Starting', 'ring', 'The picture is coming'],
    ['HLS failed', { channel: channel({ hls: { enabled: true, error: 'disk full' } }) }, 'Failed', 'square', 'There is no video for viewers'],
    ['no keyframe', { channel: channel(says('no-keyframe', { hls: { enabled: true } })) }, 'No picture', 'triangle', 'Waiting for a whole picture'],
    ['clock jumps', { channel: channel(says('clock-jumps')), player: stalled, verdictSince: NOW - 5000 },
      'No picture', 'triangle', 'The rig\u2019s clock jumps for 5 s'],
    ['a verdict of later', { channel: channel(says('sunspots')), player: stalled }, 'No picture', 'triangle', 'There is no picture'],
    ['too lossy', { channel: lossy, player: stalled }, 'No picture', 'square', 'Too much is lost for a picture'],
    ['too lossy to begin', { channel: { ...lossy, hls: { enabled: true } } }, 'No picture', 'square', 'Too much is lost for a picture'],
    ['too lossy, but pictures move', { channel: lossy }, 'Disturbed', 'triangle', null],
    ['too lossy, and paused', { channel: lossy, player: { phase: 'paused', since: NOW } }, 'Paused', 'bars', null],
    ['capture', { channel: channel({ source: 'file' }) }, 'Capture', 'play', null],
    ['capture that has ended', { channel: channel(says('stopped', { source: 'file', state: 'stopped' })) },
      'Ended', 'ring', 'The capture has been played for 12 s'],
    ['no channel', { channel: undefined }, 'No rig', 'ring', 'No rig is set up on this receiver'],
    ['another is there', { channel: undefined, gone: 'Rig 1' }, 'Not there', 'ring', 'Rig 1 is not here'],
    ['first contact', { feed: { met: false } }, 'Connecting', 'ring', 'Connecting to the receiver'],
    ['never met', { feed: { met: false, lostSince: 1 } }, 'No connection', 'square', 'No connection to the receiver'],
    ['offline', { feed: { met: true, lostSince: NOW }, online: false }, 'No connection', 'square', /^This device has no network since/],
    ['offline, but the receiver is there', { player: stalled, online: false }, 'No connection', 'square', 'This device has no network for 3 s'],
    ['offline, and all is well', { online: false }, 'Live', 'disc', null],
    ['no access', { feed: { met: true, denied: 'void' } }, 'No access', 'square', 'This link is no longer valid'],
    ['no access any more', { feed: { met: true, denied: 'expired' } }, 'No access', 'square', 'This link has expired'],
    ['loading', { player: { phase: 'loading', since: NOW } }, 'Loading', 'ring', 'Loading the picture'],
    ['loading long', { player: { phase: 'loading', since: NOW - 5000 } }, 'Loading', 'ring', 'Loading the picture for 5 s'],
    ['stalled', { player: stalled }, 'Interrupted', 'triangle', 'The picture stands still for 3 s'],
    ['blocked', { player: { phase: 'blocked', since: NOW } }, 'Ready', 'bars', 'Touch the picture to start it'],
    ['paused', { player: { phase: 'paused', since: NOW } }, 'Paused', 'bars', null],
  ];
  for (const [name, changes, word, shape, what] of cases) {
    const got = look(changes);
    assert.equal(got.word, word, name);
    assert.equal(got.shape, shape, name);
    const said = got.notice && `${got.notice.what} ${got.notice.since}`.trim();
    if (what instanceof RegExp) assert.match(said, what, name);
    else assert.equal(said, what, name);
  }
});

test('a picture that moves is not covered by what is wrong with it', () => {
  assert.equal(look({ channel: channel(says('too-lossy')) }).mark, 'It is too-lossy.');
  assert.equal(look({ channel: channel(says('clock-jumps')) }).mark, 'It is clock-jumps.');
});

test('a lost connection says since when, whatever the last snapshot said', () => {
  assert.match(look({ feed: { met: true, lostSince: NOW } }).notice.since, /^since \d\d:\d\d:\d\d$/);
});

test('the reason, its evidence and what to do; what only technicians read is apart', () => {
  const bytes = 'The last came from 198.51.100.23:51000: 80 60 1f 2a 00 00.';
  const verdict = { code: 'not-isc', text: 'It is not.', evidence: ['Nothing of 1240 was.', bytes], advice: 'Switch the coding on.' };
  const { notice } = look({ channel: channel({ state: 'waiting', verdict }) });
  assert.equal(notice.why, 'It is not.');
  assert.deepEqual(notice.evidence, ['Nothing of 1240 was.']);
  assert.deepEqual(notice.technical, [bytes]);
  assert.equal(notice.advice, 'Switch the coding on.');
  const blocked = look({ channel: channel({ state: 'waiting', verdict: { ...verdict, advice: 'sudo ufw allow 5078/udp' } }) });
  assert.match(blocked.notice.advice, /operator/);
  assert.deepEqual(blocked.notice.technical, [bytes, 'sudo ufw allow 5078/udp']);
  const failed = (error) => look({ channel: channel(says('failed', { state: 'failed', error })) }).notice;
  assert.equal(failed('it is out of order').why, 'it is out of order');
  assert.equal(failed('the interface is gone').why, '');
  assert.deepEqual(failed('the interface is gone').technical, ['the interface is gone']);
  const twice = { code: 'silent', text: 'No signal. Nothing has come from the rig for 12 s.' };
  assert.equal(look({ channel: channel({ state: 'silent', verdict: twice }) }).notice.why, 'Nothing has come from the rig for 12 s.');
});

test('what is technical', () => {
  for (const text of [
    'de ad be ef', 'from 10.77.0.2:40000', 'allowed is 2001:db8:77::/48', 'fe80:0:0:0:1:2:3:4', 'on UDP 5078', 'sudo nft', 'The firewall drops it.', 'Packets arrive, but no keyframe yet.',
  ]) assert.ok(isTechnical(text), text);
  for (const text of ['All 4 links stopped at 14:02:31.', 'Ask the crew.', 'Nothing came for 12.5 s.', 'It is 8 of 10, or more.']) {
    assert.ok(!isTechnical(text), text);
  }
});

test('since when a verdict has been there', () => {
  const seen = new Verdicts();
  const rig = channel(says('ok'));
  const note = (code, time) => seen.note({ time, channels: [{ ...rig, verdict: { code } }] });
  note('ok', '2026-01-02T03:04:01.000Z');
  assert.ok(Number.isNaN(seen.since(rig)));
  note('clock-jumps', '2026-01-02T03:04:05.000Z');
  note('clock-jumps', '2026-01-02T03:04:06.000Z');
  assert.equal(seen.since(rig), Date.parse('2026-01-02T03:04:05.000Z'));
  assert.ok(Number.isNaN(seen.since(undefined)));
});

test('another rig never takes the place of the chosen one', () => {
  const rigs = (...ids) => ids.map((id) => ({ id, name: id.toUpperCase() }));
  const choice = new Choice();
  assert.deepEqual(choice.of([], ''), { channel: undefined, gone: '' });
  assert.equal(choice.of(rigs('a', 'b'), '').channel.id, 'a');
  assert.equal(choice.of(rigs('c', 'b', 'a'), '').channel.id, 'a', 'in another order');
  assert.deepEqual(choice.of(rigs('b'), ''), { channel: undefined, gone: 'A' });
  assert.equal(choice.of(rigs('b', 'a'), '').channel.id, 'a', 'when it is back');
  assert.equal(choice.of(rigs('b', 'a'), '#b').channel.id, 'b');
  assert.equal(choice.of(rigs('b', 'a'), '').channel.id, 'b', 'the fragment went away');
  assert.deepEqual(choice.of(rigs('b', 'a'), '#x'), { channel: undefined, gone: 'x' });
  assert.equal(idIn('#rig%201'), 'rig 1');
  assert.equal(idIn('#100%'), '100%');
});

test('the health of the links', () => {
  const all = { links: [link(5078), link(5079)] };
  assert.deepEqual(health(channel(all)), { text: '2 of 2 links up, nothing lost', shape: 'disc' });
  assert.match(health(channel()).text, /^3 of 4 links up \(5080 silent since \d\d:\d\d:\d\d\), nothing lost$/);
  assert.equal(health(channel()).shape, 'triangle');
  const two = { links: [link(5078), link(5079, { state: 'silent' }), link(5080, { state: 'down' })] };
  assert.equal(health(channel(two)).text, '1 of 3 links up (not 5079, 5080), nothing lost');
  assert.equal(health(channel({ ...all, survives_links: 0 })).text, '2 of 2 links up, all needed, nothing lost');
  assert.equal(health(channel({ ...all, recent: { '60s': { lost: 1 } } })).text, '2 of 2 links up, 1 packet lost in the last minute');
  assert.equal(health(channel({ ...all, survives_links: 0 })).shape, 'triangle', 'nothing is wrong yet, but little is left');
  assert.match(health(channel({ survives_links: 0 })).text, /, all needed, nothing lost$/);
  assert.match(health(channel({ ...two, survives_links: 0 })).text, /^1 of 3 links up \(not 5079, 5080\), nothing lost$/);
  const many = { links: [5078, 5079, 5080].map((port) => link(port, { state: 'silent' })).concat(link(5081)) };
  assert.equal(health(channel(many)).text, '1 of 4 links up, nothing lost', 'more than a line has room for');
  const none = { state: 'silent', links: [link(5078, { state: 'silent' })] };
  assert.deepEqual(health(channel(none)), { text: '0 of 1 link up', shape: 'square' });
  assert.equal(health(channel({ links: [link(5078)], recent: null })).text, '1 of 1 link up, nothing lost');
  assert.equal(health(channel({ links: [], state: 'waiting' })).shape, 'square');
});

test('a link that is not up, in words', () => {
  assert.match(linkWords(link(5078, { state: 'silent' })), /^silent since \d\d:\d\d:\d\d$/);
  assert.equal(linkWords(link(5078, { state: 'silent', datagrams: { received: 0 } })), 'has brought nothing yet');
  assert.equal(linkWords(link(5078, { state: 'silent', since: null })), 'has brought nothing yet');
  assert.equal(linkWords(link(5078, { state: 'down' })), 'down');
});

test('a channel in the list', () => {
  const listed = (changes) => Object.values(summary(channel(changes))).join(' ');
  assert.equal(listed(), 'Live disc');
  assert.equal(listed({ hls: { enabled: false } }), 'Off ring');
  assert.equal(listed({ hls: { enabled: true } }), 'Starting ring');
  assert.equal(listed({ source: 'file' }), 'Capture play');
  assert.equal(listed(says('too-lossy')), 'Disturbed triangle');
  assert.equal(listed(says('no-keyframe')), 'No picture triangle');
  assert.equal(listed(says('no-packets', { state: 'waiting' })), 'Waiting ring');
  assert.equal(listed(says('silent', { state: 'silent' })), 'No signal square');
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
  assert.deepEqual([0, 9.94, 412.3, 1250, 61000].map(seconds), ['0.0 ms', '9.9 ms', '412 ms', '1.3 s', '1 min']);
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
  pace.keep(Date.now() + 4000, 109);
  assert.equal(shown.currentTime, 100, 'what is there is played, faster');
  pace.keep(Date.now() + 4000, 111);
  assert.equal(shown.currentTime, 111);
});

test('the last minute of a channel', () => {
  const history = new History();
  const at = (id, second, lost) => history.note({ id, links: [{ bitrate_bps: second }], recent: { '1s': { lost } } }, second * 1000);
  for (let second = 1; second <= 70; second++) at('rig1', second, second);
  at('rig1', 70.3, 5); // events come four times a second at most
  assert.equal(history.samples.length, 60);
  assert.deepEqual(history.samples.at(-1), { at: 70000, rates: [70], lost: 70 });
  at('rig1', 90, 0);
  assert.equal(history.samples.length, 1, 'nothing is known of the time between');
  at('rig2', 91, 0);
  assert.equal(history.samples.length, 1, 'another rig begins anew');
});

test('curves', () => {
  assert.equal(pathOf([0, 50, 200], 100), 'M347.8 55.0L353.9 28.0L360.0 1.0');
  assert.deepEqual([0, 1, 3, 5.1, 10, 999, 1001].map(roundUp), [1, 1, 5, 10, 10, 1000, 2000]);
});

test('how a browser plays', () => {
  const knows = (...types) => (type) => (types.includes(type) ? 'maybe' : '');
  const hls = 'application/vnd.apple.mpegurl';
  assert.equal(wayToPlay(true, knows()), 'hls.js', 'Firefox');
  assert.equal(wayToPlay(true, knows(hls)), 'hls.js', 'Safari, Chrome');
  assert.equal(wayToPlay(false, knows(hls)), 'native', 'an older iPhone');
  assert.equal(wayToPlay(false, knows('video/mp4')), '');
});
