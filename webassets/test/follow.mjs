// usage: node follow.mjs URL
// Opens the page and prints its state word, a line each time that it changes, until standard input ends.
import { launch, open } from './browser.mjs';

const url = process.argv[2];
if (!url) {
  console.error('usage: node follow.mjs URL');
  process.exit(2);
}
const browser = await launch();
const { page, faults } = await open(browser, url, { viewport: { width: 1280, height: 800 } });
await page.exposeFunction('say', (word) => console.log(word));
await page.evaluate(() => {
  const node = document.querySelector('#state');
  let last = '';
  const look = () => {
    const word = node.textContent.trim();
    if (word !== last) window.say(word);
    last = word;
  };
  new MutationObserver(look).observe(node, { subtree: true, characterData: true, childList: true });
  look();
});
process.stdin.resume();
process.stdin.on('end', async () => {
  await browser.close();
  for (const fault of faults) console.error(fault);
  process.exit(faults.length === 0 ? 0 : 1);
});
