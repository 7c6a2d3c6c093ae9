// usage: node controls.mjs URL [FOLDER]
// Uses all that can be pressed on the page of a demonstration at URL that is live, and listens as a screen reader does.
// FOLDER takes pictures. Exit status 0 where all is well, 1 with what is not, 2 for wrong usage.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, open } from './browser.mjs';

const [url, folder] = process.argv.slice(2);
if (!url) {
  console.error('usage: node controls.mjs URL [FOLDER]');
  process.exit(2);
}
if (folder) mkdirSync(folder, { recursive: true });

const browser = await launch();
const { page, context, faults } = await open(browser, url, { viewport: { width: 1280, height: 800 } });
const state = () => page.textContent('#state');
const says = (word) => page.waitForFunction((want) => document.querySelector('#state').textContent.trim() === want, word, { timeout: 15000 });
const frames = () => page.evaluate(() => window.iscFigures().frames);

// moves waits until the picture moves; a busy machine may take its time, but not for ever.
async function moves() {
  const before = await frames();
  await page.waitForFunction((from) => window.iscFigures().frames > from + 25, before, { timeout: 10000 });
}

await says('Live');
assert.equal(await page.evaluate(() => document.querySelector('video').muted), true, 'muted by default');

// What a screen reader hears.
const heard = await page.locator('body').ariaSnapshot();
for (const line of [
  '- heading "Rig 1" [level=1]', '- status: Live', '- region "Picture":', 'button "Pause"', 'button "Snapshot"', 'button "Details"',
  'button "Pop out"', 'button "Full screen"',
]) assert.ok(heard.includes(line), `${line} in:\n${heard}`);
const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, a, video, summary')]
  .filter((node) => !(node.textContent.trim() || node.getAttribute('aria-label'))).map((node) => node.outerHTML));
assert.deepEqual(unnamed, [], 'everything that can be used has a name');

// Each button can be reached, and the one that has the focus is seen.
const stops = [];
for (let i = 0; i < 12; i++) {
  await page.keyboard.press('Tab');
  const at = await page.evaluate(() => {
    const node = document.activeElement;
    return { name: node.textContent.trim(), outline: getComputedStyle(node).outlineStyle };
  });
  if (at.outline !== 'none') stops.push(at.name);
}
for (const name of ['Pause', 'Snapshot', 'Details', 'Pop out', 'Full screen']) assert.ok(stops.includes(name), `${name} in ${stops}`);
await page.evaluate(() => document.activeElement.blur());

// Pause and back to live.
await page.keyboard.press(' ');
await says('Paused');
assert.equal(await page.textContent('#pause'), 'Go live');
await page.keyboard.press(' ');
await says('Live');

// A snapshot is a PNG of the picture with a bar that holds name and time.
await page.waitForSelector('#clock:visible');
const saved = page.waitForEvent('download');
await page.keyboard.press('s');
const download = await saved;
assert.match(download.suggestedFilename(), /^rig-1_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.png$/);
const png = readFileSync(await download.path());
assert.equal(png.toString('latin1', 1, 4), 'PNG');
assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [640, 388]);
if (folder) await download.saveAs(join(folder, 'snapshot.png'));

await page.keyboard.press('d');
assert.equal(await page.getAttribute('#more', 'aria-expanded'), 'true');
await page.keyboard.press('d');
assert.equal(await page.isVisible('aside'), false);
await page.keyboard.press('m');
assert.equal(await page.textContent('#toast'), 'This video has no sound');

// Full screen says which rig it is.
await page.keyboard.press('f');
await page.waitForFunction(() => document.fullscreenElement?.id === 'stage');
assert.equal((await page.locator('#alone').innerText()).replace(/\s+/g, ' ').trim(), 'Rig 1 Live');
if (folder) await page.screenshot({ path: join(folder, 'full.png') });
await moves();
await page.keyboard.press('f');
await page.waitForFunction(() => !document.fullscreenElement);

// The picture in a window of its own goes on, says which rig it is, takes keys, and comes back.
const opened = context.waitForEvent('page');
await page.keyboard.press('p');
const popped = await opened;
await popped.waitForSelector('#stage');
await moves();
assert.equal((await popped.locator('#alone').innerText()).replace(/\s+/g, ' ').trim(), 'Rig 1 Live');
if (folder) await popped.screenshot({ path: join(folder, 'popped.png') });
await popped.keyboard.press(' ');
await says('Paused');
assert.match(await popped.textContent('#mark'), /^Paused/);
await popped.keyboard.press(' ');
await says('Live');
await popped.close();
await page.waitForSelector('#stage');
await moves();
assert.equal((await state()).trim(), 'Live');

// Nothing moves for those who do not want that; and what is said for a while goes away all the same.
await page.emulateMedia({ reducedMotion: 'reduce' });
assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('#toast')).transitionProperty), 'none');

// The content policy holds, and this test sees where something goes against it: nothing leaves for another host.
assert.deepEqual(faults, []);
await page.evaluate(() => fetch('http://192.0.2.1/').catch(() => {}));
await page.evaluate(() => {
  const script = document.createElement('script');
  script.textContent = 'window.strange = true';
  document.body.append(script);
});
assert.equal(await page.evaluate(() => window.strange), undefined);
assert.ok(faults.filter((fault) => fault.startsWith('policy:')).length >= 2, faults.join('\n'));

await browser.close();
