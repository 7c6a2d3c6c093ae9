import { launch, open } from './browser.mjs';
const ctl = async (p) => { await fetch('http://127.0.0.1:5999' + p); console.log(el(), '>>', p); };
const t0 = Date.now(); const el = () => ((Date.now() - t0) / 1000).toFixed(1);
const b = await launch();
const { page, faults } = await open(b, 'http://127.0.0.1:5076/', { viewport: { width: +process.argv[3], height: +process.argv[4] } });
let last = '';
const wait = async (s, shot) => {
  const end = Date.now() + s * 1000;
  while (Date.now() < end) {
    const v = await page.evaluate(() => {
      const $ = (i) => document.getElementById(i);
      const f = window.iscFigures?.() ?? {};
      return { st: $('state').textContent, n: $('notice').hidden ? '' : $('notice').textContent.replace(/\d+ s/, 'N s').trim(), m: $('mark').hidden ? '' : $('mark').textContent.replace(/\d+ s/, 'N s'), ph: f.phase, rb: f.rebuilds, still: !$('still').hidden, late: Math.round((f.late ?? 0) / 500) / 2, rate: f.rate };
    }).catch((e) => ({ e: e.message }));
    const s = JSON.stringify(v);
    if (s !== last) { console.log(el(), s); last = s; }
    await new Promise((r) => setTimeout(r, 100));
  }
  if (shot) await page.screenshot({ path: `/tmp/web/s/${process.argv[3]}-${shot}.png` });
};
await wait(4);
for (const [p, s, shot] of JSON.parse(process.argv[2])) { if (p) await ctl(p); await wait(s, shot); }
console.log(faults);
await b.close();
