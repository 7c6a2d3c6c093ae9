// usage: node play.mjs URL SECONDS WIDTH
// Plays the page for SECONDS and prints figures as JSON. Exit status 0 where currentTime advanced, the video was WIDTH
// wide, the picture never stood still for more than 1 s after it first came, and it skipped and repeated nothing after
// its first second, in which it may jump to the live edge; else 1. 2: wrong usage.
import { launch, open } from './browser.mjs';

const STALL = 1000; // ms
const JOINING = 1000; // ms after the first picture in which it may jump
const FIRST = 20000; // ms for the first picture

const [url, seconds, width] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
if (!url || !(seconds > 0) || !(width > 0)) {
  console.error('usage: node play.mjs URL SECONDS WIDTH');
  process.exit(2);
}

// Runs in the page: notes each new frame, and the lateness twice a second.
function watch() {
  const video = document.querySelector('video');
  const seen = { frames: 0, first: 0, last: 0, longest: 0, stalls: [], late: [], jumps: [], media: -1 };
  window.seen = seen;
  const onFrame = (now, { mediaTime }) => {
    seen.first ||= now;
    if (seen.last && now - seen.last > seen.longest) seen.longest = now - seen.last;
    if (seen.last && now - seen.last > 250) seen.stalls.push([Math.round(now - seen.first), Math.round(now - seen.last)]);
    const on = mediaTime - seen.media;
    const most = Math.max(1, 1.5 * (now - seen.last) / 1000); // s; the page plays up to 1.5 times as fast
    if (seen.last && (on < 0 || on > most)) seen.jumps.push([Math.round(now - seen.first), Number(on.toFixed(2))]);
    seen.media = mediaTime;
    seen.last = now;
    seen.frames += 1;
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  setInterval(() => {
    const { late } = window.iscFigures();
    if (late !== null) seen.late.push(late);
  }, 500);
}

const quantile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? -1);
};

const browser = await launch();
const { page, faults } = await open(browser, url, { viewport: { width: 1280, height: 800 } });
await page.evaluate(watch);
await page.waitForFunction(() => window.seen.frames > 1, null, { timeout: FIRST }).catch(() => faults.push('no picture'));
const begin = await page.evaluate(() => document.querySelector('video').currentTime);
await page.waitForTimeout(seconds * 1000);
const end = await page.evaluate(() => {
  const video = document.querySelector('video');
  const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
  return {
    ...window.seen, now: performance.now(), currentTime: video.currentTime, width: video.videoWidth,
    height: video.videoHeight, total: totalVideoFrames, dropped: droppedVideoFrames, page: window.iscFigures(),
    state: document.querySelector('#state').textContent.trim(), health: document.querySelector('#health').textContent,
  };
});
await browser.close();

const advanced = end.currentTime - begin;
const longest = Math.max(end.longest, end.last ? end.now - end.last : 0); // a stall that lasts counts, too
if (end.width !== width) faults.push(`video is ${end.width} wide, not ${width}`);
if (advanced < seconds * 0.9) faults.push(`currentTime advanced by ${advanced.toFixed(1)} s in ${seconds} s`);
if (longest > STALL) faults.push(`the picture stood still for ${Math.round(longest)} ms`);
for (const [at, on] of end.jumps.filter(([ms]) => ms > JOINING)) faults.push(`after ${at} ms the video jumped by ${on} s`);
console.log(JSON.stringify({
  ok: faults.length === 0, faults, seconds, advanced_s: Number(advanced.toFixed(2)),
  first_picture_ms: Math.round(end.first), longest_stall_ms: Math.round(longest), gaps_over_250_ms: end.stalls,
  late_ms: { median: quantile(end.late, 0.5), p95: quantile(end.late, 0.95) }, jumps: end.jumps,
  frames: end.total, dropped_frames: end.dropped, size: `${end.width}x${end.height}`, rebuilds: end.page.rebuilds, unstuck: end.page.unstuck,
  state: end.state, health: end.health,
}, null, 1));
process.exit(faults.length === 0 ? 0 : 1);
