// usage: node recover.mjs URL
// Lets all that happens to a viewer's connection happen to the page of a demonstration at URL that is live, and measures how
// it comes back. Prints figures as JSON; exit status 0 where it comes back by itself and in time, 1 else, 2 for wrong usage.
import { readFileSync } from 'node:fs';
import { launch, open } from './browser.mjs';
import { startProxy } from './proxy.mjs';

const BACK = 6000; // ms from when the way is free again until a live picture moves: one poll's patience, and a new player
const DRIFTED = 20000; // ms until a stall is made up for
const url = process.argv[2];
if (!url) {
  console.error('usage: node recover.mjs URL');
  process.exit(2);
}

const browser = await launch();
const proxy = await startProxy(url);
const { page, context, faults } = await open(browser, proxy.url, { viewport: { width: 1280, height: 800 } });
const chromium = Number(readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ')[0]); // its group
const figures = {};

// Runs in the page: remembers each jump of the picture over video, and what was said.
function watch() {
  const video = document.querySelector('video');
  const seen = { jumps: [], said: [], frames: 0, last: 0, media: 0 };
  window.seen = seen;
  const onFrame = (now, { mediaTime }) => {
    const on = mediaTime - seen.media;
    if (seen.frames && (on < -0.05 || on > Math.max(0.5, 1.6 * (now - seen.last) / 1000))) seen.jumps.push(Number(on.toFixed(2)));
    Object.assign(seen, { media: mediaTime, last: now, frames: seen.frames + 1 });
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  new MutationObserver(() => {
    const notice = document.querySelector('#notice');
    const says = notice.hidden ? 'live' : document.querySelector('#notice-what').textContent;
    if (seen.said.at(-1) !== says) seen.said.push(says);
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}

const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }); // of ours: the page may be frozen
const isLive = () => document.querySelector('#notice').hidden && performance.now() - window.seen.last < 300;
const nearLive = (late) => window.iscFigures().late < late && window.iscFigures().rate === 1;
const forget = () => page.evaluate(() => Object.assign(window.seen, { jumps: [], said: [] }));
const dims = () => page.evaluate(() => document.querySelector('#stage').classList.contains('dim')
  && (document.querySelector('video').videoWidth > 0 || !document.querySelector('#still').hidden));

// Whoever is back stays so: nothing else is said for longer than it takes to notice that a connection is dead.
async function stays() {
  const { length } = await page.evaluate(() => window.seen.said);
  await wait(4500);
  const said = await page.evaluate((from) => window.seen.said.slice(from), length);
  if (said.length) faults.push(`said ${JSON.stringify(said)} when it was back for a while`);
}

// Breaks something for a time, mends it, and measures until the picture is live again. says: one of what the page says
// meanwhile.
async function lives(name, ms, { breaks, mends, says }) {
  await page.waitForFunction(isLive, null, { timeout: 15000 });
  await stays();
  await forget();
  await breaks();
  await wait(ms);
  if (says && !(await dims())) faults.push(`${name}: the last picture does not stand there, dimmed`);
  await mends();
  const mended = Date.now();
  const back = await page.waitForFunction(isLive, null, { timeout: 30000 }).then(() => Date.now() - mended, () => Infinity);
  const { said, jumps } = await page.evaluate(() => window.seen);
  figures[name] = { back_ms: back, said, jumps };
  if (!(back <= BACK)) faults.push(`${name}: a live picture after ${back} ms`);
  if (says && !says.some((text) => said.includes(text))) faults.push(`${name}: said ${JSON.stringify(said)}, not ${says}`);
  return figures[name];
}

await page.evaluate(watch);
const lost = ['No connection to the receiver'];
const { state } = proxy;
await lives('refused', 8000, { breaks() { state.refuse = true; proxy.hang(); }, mends() { state.refuse = state.hanging = false; }, says: lost });
await lives('network changes', 8000, {
  breaks: () => proxy.hang(),
  async mends() {
    state.hanging = false;
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
  },
  says: lost,
});
await lives('network dies without a word', 8000, { breaks: () => proxy.hang(), mends() { state.hanging = false; }, says: lost });
await lives('offline', 20000, { breaks: () => context.setOffline(true), mends: () => context.setOffline(false), says: ['This device has no network'] });
const framesBefore = await page.evaluate(() => window.seen.frames);
await lives('computer sleeps', 20000, { // nothing of the browser runs, and when it does again, no connection is alive
  breaks() {
    process.kill(-chromium, 'SIGSTOP');
    proxy.hang();
  },
  async mends() {
    state.hanging = false;
    process.kill(-chromium, 'SIGCONT');
    figures.framesAsleep = await page.evaluate(() => window.seen.frames) - framesBefore;
  },
});
await page.waitForFunction(() => window.iscFigures().late !== null && window.iscFigures().late < 2000, null, { timeout: BACK })
  .catch(() => faults.push('computer sleeps: it does not go on with what is live'));
if (figures.framesAsleep > 25 * 15) faults.push(`computer sleeps: ${figures.framesAsleep} frames meanwhile: it did not sleep`);

const before = await page.evaluate(() => window.iscFigures().late);
const stalled = await lives('network stalls', 2500, { breaks: () => proxy.stall(2500), mends() {} });
if (stalled.jumps.length) faults.push(`network stalls: the picture jumped by ${stalled.jumps} s over video that was there`);
const began = Date.now();
const drifted = await page.waitForFunction(nearLive, before + 700, { timeout: DRIFTED }).then(() => Date.now() - began, () => Infinity);
Object.assign(stalled, { late_before_ms: Math.round(before), drifted_ms: drifted, jumps: await page.evaluate(() => window.seen.jumps) });
if (drifted === Infinity) faults.push(`network stalls: still ${await page.evaluate(() => window.iscFigures().late)} ms late after ${DRIFTED} ms`);
if (stalled.jumps.length) faults.push(`network stalls: the picture jumped by ${stalled.jumps} s on the way back to live`);

// Without events the page asks, and says nothing of it.
state.busy = true;
await page.reload();
await page.waitForFunction(() => window.iscFigures?.().phase === 'playing', null, { timeout: 15000 });
await page.evaluate(watch);
await page.evaluate(() => { window.seen.figures = new Set(); setInterval(() => window.seen.figures.add(document.querySelector('#figures').textContent), 100); });
await wait(10000);
const asking = await page.evaluate(() => ({ said: window.seen.said, figures: window.seen.figures.size }));
figures['no events'] = asking;
if (asking.said.some((says) => says !== 'live')) faults.push(`no events: said ${JSON.stringify(asking.said)}`);
if (asking.figures < 4) faults.push(`no events: ${asking.figures} figures in 10 s`);

await browser.close();
proxy.close();
console.log(JSON.stringify({ ok: faults.length === 0, faults, ...figures }, null, 1));
process.exit(faults.length === 0 ? 0 : 1);
