// usage: node screenshot.mjs URL OUT.png WIDTH HEIGHT [KEYS]
// Takes a picture of the page once its video plays, or after 6 s. KEYS are pressed before, such as "d" for the details.
import { launch, open } from './browser.mjs';

const [url, out, width, height, keys = ''] = process.argv.slice(2);
if (!url || !out || !(width > 0) || !(height > 0)) {
  console.error('usage: node screenshot.mjs URL OUT.png WIDTH HEIGHT [KEYS]');
  process.exit(2);
}
const browser = await launch();
const { page, faults } = await open(browser, url, { viewport: { width: Number(width), height: Number(height) } });
const playing = () => window.iscFigures?.().phase === 'playing' && !document.querySelector('#late').hidden;
await page.waitForFunction(playing, null, { timeout: 6000 }).catch(() => {});
for (const key of keys) await page.keyboard.press(key);
await page.waitForTimeout(1500);
await page.screenshot({ path: out });
await browser.close();
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
