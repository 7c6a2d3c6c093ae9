// usage: node follow.mjs URL [native]
// Opens the page and prints a line of JSON each time that it looks different: what it says (of a page that is no player,
// its heading and text), whether the picture is dimmed and moves, and how large it is, with the time in ms. Each answer to
// a request, and each request without one, is a line of its own: what was asked for, and the status. A line "accessibility"
// on standard input looks for faults of that kind; any other is JavaScript that runs in the page. When standard input ends, all
// ends. "native": the browser has no Media Source Extensions, as old iPhones. Exit status 0, or 1 with a line for each fault on standard error.
import { createInterface } from 'node:readline';
import { accessibility, launch, prepare } from './browser.mjs';

const [url, way] = process.argv.slice(2);
if (!url || (way && way !== 'native')) {
  console.error('usage: node follow.mjs URL [native]');
  process.exit(2);
}

// Runs in each page that is opened: looks ten times a second, and at each frame of another size.
function watch() {
  const STILL = 1000; // ms without a frame from which on the picture stands still
  const shown = (id) => {
    const node = document.querySelector(id);
    return node && node.checkVisibility() ? node.textContent.trim() : '';
  };
  let last = '';
  let size = '';
  let shownAt = -Infinity; // when the last frame came
  const look = () => {
    const player = document.querySelector('#state');
    const now = player ? {
      state: player.textContent.trim(), what: shown('#notice-what'), since: shown('#notice-since'), why: shown('#notice-why'),
      advice: shown('#notice-advice'), clock: shown('#clock').replace(/[\d:]+$/, ''), rig: shown('#name'),
      rigs: [...document.querySelectorAll('nav .rig')].map((node) => node.textContent).join(', '),
      dim: document.querySelector('#stage').classList.contains('dim'), moves: performance.now() - shownAt < STILL, size,
      still: document.querySelector('video').videoWidth > 0 || !document.querySelector('#still').hidden,
    } : { state: document.querySelector('h1')?.textContent ?? '', why: document.querySelector('p')?.textContent ?? '' };
    const text = JSON.stringify(now);
    if (text !== last) window.say({ at: Date.now(), ...now });
    last = text;
  };
  const onFrame = (_, frame) => {
    shownAt = performance.now();
    const wide = `${frame.width}x${frame.height}`;
    if (wide !== size) {
      size = wide;
      look();
    }
    document.querySelector('video').requestVideoFrameCallback(onFrame);
  };
  document.addEventListener('DOMContentLoaded', () => {
    document.querySelector('video')?.requestVideoFrameCallback(onFrame);
    look();
    setInterval(look, 100);
  });
}

const browser = await launch();
const { page, faults } = await prepare(browser, url, { viewport: { width: 1280, height: 800 } });
const say = (fact) => console.log(JSON.stringify(fact));
await page.exposeFunction('say', say);
await page.addInitScript(watch);
if (way) await page.addInitScript(() => ['MediaSource', 'ManagedMediaSource', 'WebKitMediaSource'].forEach((name) => delete window[name]));
const asked = (request, status) => say({ at: Date.now(), asked: new URL(request.url()).pathname, status });
page.on('response', (response) => asked(response.request(), response.status()));
page.on('requestfailed', (request) => asked(request, 0));
const opened = page.goto(url, { waitUntil: 'domcontentloaded' });

for await (const line of createInterface({ input: process.stdin })) {
  await opened;
  if (line === 'accessibility') faults.push(...await accessibility(page));
  else await page.evaluate(line);
}
await opened;
await browser.close();
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
