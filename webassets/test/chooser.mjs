// usage: node chooser.mjs URL
// Chooses among rigs by link, by hand and by keyboard while rigs come and go, before a demonstration at URL that is live.
// Exit status 0 where all is well, 1 with what is not, 2 for wrong usage.
import assert from 'node:assert/strict';
import { launch, open } from './browser.mjs';
import { startProxy } from './proxy.mjs';

const url = process.argv[2];
if (!url) {
  console.error('usage: node chooser.mjs URL');
  process.exit(2);
}

const proxy = await startProxy(url);
const rigs = (...ids) => (snapshot) => {
  const [first] = snapshot.channels;
  snapshot.channels = ids.map((id) => ({ ...structuredClone(first), id, name: `Name of ${id}` }));
  return snapshot;
};
const browser = await launch();
proxy.state.change = rigs('rig1', 'b', 'c');
const { page, faults } = await open(browser, `${proxy.url}#b`, { viewport: { width: 1280, height: 800 } });
const shown = () => page.textContent('#name');
const listed = () => page.evaluate(() => [...document.querySelectorAll('nav .rig')].map((node) => node.textContent).join(', '));
const focused = () => page.evaluate(() => document.activeElement.querySelector('.rig')?.textContent);

// Waits until look() gives want.
async function becomes(look, want) {
  for (const end = Date.now() + 10000; Date.now() < end; await page.waitForTimeout(50)) {
    if ((await look()) === want) return;
  }
  assert.equal(await look(), want);
}

await becomes(shown, 'Name of b');
assert.equal(await listed(), 'Name of rig1, Name of b, Name of c');
assert.equal(await page.getAttribute('nav button:nth-child(2)', 'aria-current'), 'true');

await page.click('nav button:nth-child(1)');
await becomes(shown, 'Name of rig1');
assert.equal(new URL(page.url()).hash, '#rig1');
await page.waitForFunction(() => window.iscFigures().phase === 'playing', null, { timeout: 15000 });

await page.keyboard.press('End');
assert.equal(await focused(), 'Name of c');
await page.keyboard.press('ArrowLeft');
assert.equal(await focused(), 'Name of b');
assert.equal(await shown(), 'Name of rig1', 'moving is not choosing');
await page.keyboard.press('Enter');
await becomes(shown, 'Name of b');
assert.equal(await page.evaluate(() => document.querySelectorAll('nav [tabindex="0"]').length), 1, 'one stop of the tab key');
await page.keyboard.press('3');
await becomes(shown, 'Name of c');
await page.keyboard.press('1');
await becomes(shown, 'Name of rig1');
await page.evaluate(() => { location.hash = '#c'; });
await becomes(shown, 'Name of c');
await page.goto(`${proxy.url}#rig1`);
await becomes(shown, 'Name of rig1');

const mark = () => page.evaluate(() => document.querySelectorAll('nav button')[0].dataset.seen ??= 'yes');
await mark();
proxy.state.change = rigs('rig1', 'b', 'c', 'd', 'e');
await becomes(listed, 'Name of rig1, Name of b, Name of c, Name of d, Name of e');
proxy.state.change = rigs('e', 'rig1');
await becomes(listed, 'Name of e, Name of rig1');
assert.equal(await page.getAttribute('nav button:nth-child(2)', 'data-seen'), 'yes', 'what stays is not made anew');
await page.waitForFunction(() => window.iscFigures().phase === 'playing', null, { timeout: 15000 });

proxy.state.change = rigs('e');
await becomes(() => page.textContent('#state'), 'Not there');
assert.equal(await page.textContent('#notice-what'), 'Name of rig1 is not here');
assert.equal(await shown(), 'Name of rig1');
assert.equal(await listed(), 'Name of e');
proxy.state.change = rigs('rig1', 'e');
await becomes(() => page.textContent('#state'), 'Live');
proxy.state.change = rigs('rig1');
await becomes(() => page.isVisible('nav'), false);

proxy.state.change = (snapshot) => ({ ...snapshot, channels: null });
await becomes(() => page.textContent('#state'), 'Not there');
await browser.close();
proxy.close();
assert.deepEqual(faults, []);
