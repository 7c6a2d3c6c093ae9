// usage: node screenshot.mjs URL OUT.png WIDTH HEIGHT [SECONDS]
// Takes a picture of the page when its video has played for SECONDS, 1.5 if not said; or as long after it did not within 6 s.
import { launch, open } from './browser.mjs';

const [url, out, width, height, seconds = '1.5'] = process.argv.slice(2);
if (!url || !out || !(width > 0) || !(height > 0)) {
  console.error('usage: node screenshot.mjs URL OUT.png WIDTH HEIGHT [SECONDS]');
  process.exit(2);
}
const browser = await launch();
const { page, faults } = await open(browser, url, { viewport: { width: Number(width), height: Number(height) } });
const playing = () => window.iscFigures?.().phase === 'playing' && !document.querySelector('#late').hidden;
await page.waitForFunction(playing, null, { timeout: 6000 }).catch(() => {});
await page.waitForTimeout(1000 * Number(seconds));
await page.screenshot({ path: out });
await browser.close();
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
