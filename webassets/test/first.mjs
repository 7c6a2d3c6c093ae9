// usage: node first.mjs URL TIMES
// Opens the page so many times, each time as a browser that has never seen it, and prints as JSON when the first picture
// was there, and how late the picture was 5 s later, in ms. Exit status 0 where the median of the first is 2 s or less and
// of the second 1.2 s or less, else 1; 2 for wrong usage.
import { launch, open } from './browser.mjs';

const FIRST = 2000;
const LATE = 1200;
const [url, times] = [process.argv[2], Number(process.argv[3])];
if (!url || !(times > 0)) {
  console.error('usage: node first.mjs URL TIMES');
  process.exit(2);
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const browser = await launch();
const [first, late, all] = [[], [], []];
for (let i = 0; i < times; i++) {
  const { page, context, faults } = await open(browser, url, { viewport: { width: 1280, height: 800 } });
  const shown = () => window.iscFigures?.().firstPicture;
  await page.waitForFunction(shown, null, { timeout: 20000 });
  await page.waitForTimeout(5000);
  const figures = await page.evaluate(() => window.iscFigures());
  first.push(Math.round(figures.firstPicture));
  late.push(Math.round(figures.late));
  all.push(...faults);
  await context.close();
}
await browser.close();
const ok = median(first) <= FIRST && median(late) <= LATE && all.length === 0;
console.log(JSON.stringify({ ok, faults: all, first_picture_ms: { median: median(first), first }, late_ms: { median: median(late), late } }));
process.exit(ok ? 0 : 1);
