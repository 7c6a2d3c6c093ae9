// usage: node states.mjs URL [FOLDER [STATES [SIZES]]]
// Shows the page in each state that a receiver can be in, at the sizes of phones, tablets, desktops and walls, and checks what
// is said, that nothing overlaps or runs out of the window, that fingers can hit all that can be pressed, and the rules for
// accessibility that axe-core knows. URL: a demonstration that is live. FOLDER takes a picture of each. Exit status 0 where all
// is well, 1 with a line for each fault, 2 for wrong usage.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accessibility, launch, open } from './browser.mjs';
import { startProxy } from './proxy.mjs';
import { STATES } from './statelist.mjs';

const MAIN = ['live', 'damaged', 'details', 'many', 'silent', 'no-packets', 'expired']; // where all would take too long
const TIGHT = ['live', 'details', 'rigs', 'crowded', 'wordy', 'silent']; // where there is little room
const TOUCH = { hasTouch: true, isMobile: true };
const SIZES = {
  'phone-of-old': { width: 320, height: 568, options: TOUCH, states: TIGHT },
  phone: { width: 390, height: 844, options: TOUCH, axe: true, steady: true },
  'phone-on-its-side': { width: 844, height: 390, options: TOUCH, states: MAIN },
  tablet: { width: 820, height: 1180, options: TOUCH, steady: true, states: MAIN },
  'tablet-on-its-side': { width: 1180, height: 820, options: TOUCH, states: ['live', 'details', 'silent'] },
  zoomed: { width: 720, height: 450, options: { deviceScaleFactor: 2 }, states: TIGHT }, // a desktop's at 200 %
  desktop: { width: 1440, height: 900, axe: true, steady: true },
  wall: { width: 1920, height: 1080, options: { contrast: 'more', reducedMotion: 'reduce' }, axe: true, states: ['live', 'rigs', 'many', 'silent'] },
  'large-wall': { width: 3840, height: 2160, states: ['live', 'silent'], text: 30 },
};
const FINGER = 40; // px that what can be pressed has at least in each direction, where there is no mouse
const [url, folder, only, onlySize] = process.argv.slice(2);
if (!url) {
  console.error('usage: node states.mjs URL [FOLDER [STATES [SIZES]]]');
  process.exit(2);
}
if (folder) mkdirSync(folder, { recursive: true });

// Runs in the page: what is said, and what does not fit.
function look(finger) {
  const shown = (selector) => {
    const node = document.querySelector(selector);
    return node && node.checkVisibility() ? node : null;
  };
  const faults = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`the page is ${scrollWidth} wide in a window of ${clientWidth}`);
  for (const selector of ['header', 'nav', 'footer', '.card', 'aside', '.buttons']) {
    const node = shown(selector);
    if (!node) continue;
    const { left, right, top, bottom } = node.getBoundingClientRect();
    if (left < -1 || right > innerWidth + 1) faults.push(`${selector} reaches from ${left} to ${right}`);
    if (selector !== '.card' && (top < -1 || bottom > innerHeight + 1)) faults.push(`${selector} reaches from ${top} down to ${bottom}`);
    if (selector === 'header' && node.querySelector('h1').clientWidth < 40) faults.push('there is no room for the name');
    if (node.scrollWidth > node.clientWidth + 1) faults.push(`${selector} is cut off at the right`);
  }
  const seenOf = (node) => { // what is scrolled out of sight lies on nothing
    const { left, right, top, bottom } = node.getBoundingClientRect();
    const around = node.closest('.notice')?.getBoundingClientRect() ?? { top, bottom };
    return [node, { left, right, top: Math.max(top, around.top), bottom: Math.min(bottom, around.bottom) }];
  };
  const boxes = ['.clock', '.late', '.card', '#source', '#mark'].map(shown).filter(Boolean).map(seenOf);
  for (const [a, one] of boxes) {
    for (const [b, other] of boxes) {
      if (a === b || one.bottom <= other.top || one.top >= other.bottom || one.right <= other.left || one.left >= other.right) continue;
      faults.push(`${a.id || a.className} lies on ${b.id || b.className}`);
    }
  }
  const textOf = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  };
  for (const node of document.querySelectorAll('aside td + td, aside th + td, aside th + th')) {
    const before = node.previousElementSibling;
    if (!node.checkVisibility() || !node.textContent || !before.textContent) continue;
    if (textOf(before).right > textOf(node).left - 2) faults.push(`"${before.textContent}" runs into "${node.textContent}"`);
  }
  for (const node of document.querySelectorAll('button, summary')) {
    if (!node.checkVisibility() || !matchMedia('(pointer: coarse)').matches) continue;
    const { width, height } = node.getBoundingClientRect();
    if (width < finger || height < finger) faults.push(`${node.textContent} is ${width} by ${height}, too small for a finger`);
  }
  return {
    faults,
    says: document.querySelector('#state').textContent.trim(),
    what: shown('.card h2')?.textContent ?? null,
    health: document.querySelector('#health').textContent,
    rigs: document.querySelector('nav:not([hidden])')?.children.length ?? 0,
    technical: shown('#notice-technical')?.querySelectorAll('li').length ?? 0,
    text: Math.min(...['#name', '.late', '.card h2', '#health'].map(shown).filter(Boolean).map((node) => textOf(node).height)),
    source: shown('#source')?.textContent ?? null,
    mark: shown('#mark')?.textContent ?? null,
    open: shown('#open')?.textContent ?? null,
  };
}

const differs = (got, want) => (want instanceof RegExp ? !want.test(got) : got !== want);
const live = () => window.iscFigures?.().phase === 'playing' && document.querySelector('#notice').hidden;
const SILENT = { what: null, rigs: 0, technical: 0, source: null, mark: null, open: null }; // what a state says that says nothing of them

// Shows one state on a page that plays, and returns what is wrong with it.
async function check(page, proxy, name, size) {
  const { change, opened, proxy: fields = {}, ...wanted } = STATES[name];
  const faults = [];
  const say = async () => faults.push(...(await page.evaluate(look, FINGER)).faults);
  const picture = (what, of = page) => folder && of.screenshot({ path: join(folder, `${what}-${size}.png`) });
  proxy.state.change = (snapshot) => {
    for (const { stream } of snapshot.channels) if (stream) stream.damaged = false; // else a busy machine may lose something
    return change(snapshot);
  };
  Object.assign(proxy.state, fields);
  if (fields.refuse) proxy.drop();
  await page.waitForFunction((word) => document.querySelector('#state').textContent.trim() === word, wanted.says, { timeout: 8000 });
  const closed = !(await page.isVisible('aside'));
  if (opened && closed) await page.keyboard.press('d');
  if (opened) await page.evaluate(() => document.querySelectorAll('aside details').forEach((node) => { node.open = true; }));
  await page.waitForTimeout(700);
  await page.waitForFunction(() => !document.querySelector('#toast.on'));
  const got = await page.evaluate(look, FINGER);
  faults.push(...got.faults);
  for (const [key, want] of Object.entries({ ...SILENT, ...wanted })) {
    if (differs(got[key], want)) faults.push(`${key} is ${JSON.stringify(got[key])}, not ${want}`);
  }
  if (got.text < (SIZES[size].text ?? 0)) faults.push(`lines are only ${got.text} high`);
  if (SIZES[size].axe) faults.push(...await accessibility(page));
  await picture(name);
  if (wanted.technical) {
    await page.click('#notice-technical summary');
    await say();
    await picture(`${name}-open`);
    await page.click('#notice-technical summary');
  }
  if (opened) {
    await page.locator('aside').evaluate((node) => node.scrollTo(0, 1e6));
    await say();
    await picture(`${name}-end`);
    await page.evaluate(() => document.querySelectorAll('aside details').forEach((node) => { node.open = false; }));
  }
  if (opened && closed) await page.keyboard.press('d');
  return faults;
}

// Shows all states at one size, with the live picture between them, so that the page has to come back from each.
async function checkAll(browser, size) {
  const { width, height, options, steady: still, states = Object.keys(STATES) } = SIZES[size];
  const proxy = await startProxy(url);
  const { page, context, faults } = await open(browser, proxy.url, { viewport: { width, height }, ...options });
  const found = [];
  for (const name of states.filter((key) => !only || only.split(',').includes(key))) {
    try {
      Object.assign(proxy.state, { change: (snapshot) => snapshot, refuse: false, denied: '' });
      await page.evaluate(() => window.dispatchEvent(new Event('online'))); // it would ask again by itself, but later
      await page.waitForFunction(live, null, { timeout: 15000 });
      found.push(...(await check(page, proxy, name, size)).map((fault) => `${name}: ${fault}`));
    } catch (error) {
      found.push(`${name}: ${error.message.split('\n')[0]}`);
      if (folder) await page.screenshot({ path: join(folder, `${name}-${size}-failed.png`) });
    }
  }
  if (!only && still) found.push(...(await steady(page, proxy)).map((fault) => `steady: ${fault}`));
  await context.close();
  proxy.close();
  return [...found, ...faults].map((fault) => `${size}: ${fault}`);
}

// Fills all counts and rates with numbers of other lengths each time.
function shuffle(value, key) {
  if (Array.isArray(value)) return value.map((one) => shuffle(one));
  if (value === null || typeof value !== 'object') {
    const fixed = typeof value !== 'number' || ['port', 'index', 'width', 'height', 'epoch', 'survives_links', 'payload_type'].includes(key);
    return fixed ? value : Math.random() * 10 ** Math.floor(Math.random() * (key === 'share' ? 1 : 7)) * (key === 'share' ? 1 : 9);
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shuffle(one, name)]));
}

const whole = (value) => JSON.parse(JSON.stringify(value, (key, n) => (typeof n === 'number' && !/_ms$|share|jitter|p\d\d|max/.test(key) ? Math.round(n) : n)));

// Runs in the page: where everything stands that stands still.
function places() {
  const all = [...document.querySelectorAll('header, nav, nav button, .picture, aside > *, aside th, aside td, footer, .buttons button, #figures')];
  return all.filter((node) => node.checkVisibility()).map((node) => {
    const { x, y, width, height } = node.getBoundingClientRect();
    return `${node.id || node.tagName.toLowerCase()} ${[x, y, width, height].map(Math.round)}`;
  });
}

// Lets all numbers change, and returns what moves.
async function steady(page, proxy) {
  Object.assign(proxy.state, { refuse: false, denied: '' });
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  proxy.state.change = (snapshot) => {
    snapshot.channels[0].links.forEach((link) => { link.state = 'up'; });
    return { ...snapshot, channels: whole(shuffle(snapshot.channels)) };
  };
  if (!(await page.isVisible('aside'))) await page.keyboard.press('d');
  await page.evaluate(() => document.querySelectorAll('aside details').forEach((node) => { node.open = true; }));
  await page.locator('aside').evaluate((node) => node.scrollTo(0, 0));
  await page.waitForTimeout(800);
  const first = await page.evaluate(places);
  const moved = new Set();
  for (let i = 0; i < 8; i++) {
    await page.waitForTimeout(300);
    const now = await page.evaluate(places);
    first.forEach((place, n) => { if (now[n] !== place) moved.add(`${place} became ${now[n]}`); });
  }
  return [...moved].slice(0, 5);
}

const browser = await launch();
const faults = [];
for (const size of Object.keys(SIZES).filter((key) => !onlySize || onlySize.split(',').includes(key))) faults.push(...await checkAll(browser, size));
await browser.close();
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
