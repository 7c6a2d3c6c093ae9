// usage: node states.mjs URL [FOLDER]
// Shows the page in each state that a receiver can be in, at the sizes of a phone, a tablet and a desktop, and checks what
// is said and that nothing overlaps or runs out of the window. URL: a demonstration that is live. FOLDER takes a picture of
// each. Exit status 0 where all is well, 1 with a line for each fault, 2 for wrong usage.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, open } from './browser.mjs';
import { startProxy } from './proxy.mjs';

const SIZES = { phone: [390, 844], tablet: [820, 1180], desktop: [1280, 800] };
const [url, folder, only] = process.argv.slice(2);
if (!url) {
  console.error('usage: node states.mjs URL [FOLDER]');
  process.exit(2);
}
if (folder) mkdirSync(folder, { recursive: true });

const ago = (snapshot, ms) => new Date(Date.parse(snapshot.time) - ms).toISOString();
const quiet = (link, since) => Object.assign(link, { state: 'silent', since, bitrate_bps: 0, share: 0 });

// Makes the first channel one without a picture.
function without(snapshot, state, verdict, ms = 74000) {
  const [channel] = snapshot.channels;
  const since = ago(snapshot, ms);
  Object.assign(channel, { state, since, verdict });
  for (const link of channel.links) quiet(link, since);
  return snapshot;
}

function copyOf(channel, id, name, changes = {}) {
  return { ...structuredClone(channel), id, name, ...changes };
}

const silentVerdict = {
  code: 'silent', text: 'No signal. Nothing has come from the rig for 74 s.',
  evidence: ['All 4 links stopped within 0.4 s, so the rig or its coverage is gone rather than one link.',
    'The last datagram came from 10.77.0.2:40000 on UDP 5078.'],
  advice: 'Ask the crew whether the rig has power.',
};

const STATES = {
  live: { says: 'Live', change: (s) => s },
  link: {
    says: 'Live', health: /^3 of 4 links up \(\d+ silent since \d\d:\d\d:\d\d\)/,
    change(s) {
      s.channels[0].links.forEach((link) => { link.state = 'up'; });
      quiet(s.channels[0].links[2], ago(s, 12000));
      return s;
    },
  },
  details: { // with each fold open, and numbers as long as they get
    says: 'Live', opened: true,
    change(s) {
      const [channel] = s.channels;
      channel.malformed = { short: 12, version: 123456, 'too-long': 3 };
      channel.refused = { address: 1234, source: 99, ceiling: 7 };
      channel.ceilings = {
        open_segments: { limit: 512, now: 3, reached: 0 }, held_bytes: { limit: 8388608, now: 123456, reached: 0 },
        sources: { limit: 16, now: 2, reached: 41 }, decode_bytes: { limit: 50000000, now: 1234567, reached: 0 },
        log_lines: { limit: 5, now: 0, reached: 1234 },
      };
      channel.links.forEach((link) => {
        const big = link.index * 1234567 + 12345678;
        Object.assign(link, { malformed: { short: 12 }, refused: { source: 99 }, feedback_sent: big, feedback_withheld: 12, from: '[2001:db8:1234:5678:9abc:def0:1234:5678]:40000' });
        Object.assign(link.datagrams, { received: big, source: big, parity: big, kernel_dropped: 12 });
      });
      channel.links.forEach((link) => { link.state = 'up'; });
      quiet(channel.links[1], ago(s, 12000));
      Object.assign(channel.links[3], { state: 'down', error: 'network interface wwan3 is not there' });
      return s;
    },
    health: /^2 of 4 links up \(not \d+, \d+\)/,
  },
  rigs: {
    says: 'Live', rigs: 3,
    change(s) {
      const [first] = s.channels;
      Object.assign(first, { name: 'Ambulance 1' });
      const silent = without(structuredClone(s), 'silent', silentVerdict).channels[0];
      s.channels.push(copyOf(silent, 'rig2', 'Ambulance 2'));
      s.channels.push(copyOf(first, 'rig3', 'Helicopter', { source: 'file' }));
      return s;
    },
  },
  many: {
    says: 'Live', rigs: 24,
    change(s) {
      for (let i = 2; i <= 24; i++) s.channels.push(copyOf(s.channels[0], `rig${i}`, `Ambulance ${i}`));
      return s;
    },
  },
  silent: { says: 'No signal', what: 'No signal', technical: 1, change: (s) => without(s, 'silent', silentVerdict) },
  'no-packets': {
    says: 'Waiting', what: 'Waiting for the rig', technical: 3,
    change: (s) => without(s, 'waiting', {
      code: 'no-packets', text: 'Nothing arrives on UDP 5078-5081.',
      evidence: ['Nothing has come since the receiver was started.',
        'Listening on 0.0.0.0, UDP ports 5078-5081; the addresses of this machine are 10.0.0.2 (eth0) and 192.168.178.31 (wlan0).',
        'The firewall (nftables) drops UDP 5080 and 5081 from everywhere: table inet filter, chain input.'],
      advice: 'Let the ports through: sudo nft add rule inet filter input udp dport 5078-5081 accept',
    }),
  },
  'not-isc': {
    says: 'No picture', what: 'What arrives is not a rig\u2019s video', technical: 2,
    change: (s) => without(s, 'waiting', {
      code: 'not-isc', text: 'What arrives on UDP 5078-5081 is not the coded video of a rig.',
      evidence: ['1 240 datagrams came in the last minute, and none was coded video.',
        'The last came from 198.51.100.23:51000, 60 bytes: 80 60 1f 2a 00 00 10 e1 de ad be ef 7c 85 b8 00 (version: 8, not 0)'],
      advice: 'Is the rig set to send plain RTP? Switch its inter-stream coding on.',
    }),
  },
  'not-allowed': {
    says: 'No picture', what: 'What arrives is not allowed', technical: 2,
    change: (s) => without(s, 'waiting', {
      code: 'not-allowed', text: 'Packets arrive from an address that this rig may not have.',
      evidence: ['They come from 203.0.113.9; allowed are 10.77.0.0/16 and 2001:db8:77::/48.'],
      advice: 'Add 203.0.113.9/32 to the allowed addresses of this rig.',
    }),
  },
  lossy: {
    says: 'Lossy',
    change(s) {
      s.channels[0].verdict = { code: 'too-lossy', text: 'Too much is lost on the way: 31 of 120 packets in the last second could not be rebuilt.' };
      return s;
    },
  },
  capture: { says: 'Capture', source: 'Capture, not live', change(s) { Object.assign(s.channels[0], { source: 'file', listen_only: true }); return s; } },
  gone: {
    says: 'Not there', what: 'Rig 1 is not here', rigs: 1,
    change(s) {
      Object.assign(s.channels[0], { id: 'other', name: 'Ambulance 7' });
      return s;
    },
  },
};

// Runs in the page: what is said, and what does not fit.
function look() {
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
    if (node.scrollWidth > node.clientWidth + 1) faults.push(`${selector} is cut off at the right`);
  }
  const boxes = ['.clock', '.late', '.card', '#source', '#mark'].map(shown).filter(Boolean).map((node) => [node, node.getBoundingClientRect()]);
  for (const [a, one] of boxes) {
    for (const [b, other] of boxes) {
      if (a === b || one.bottom <= other.top || one.top >= other.bottom || one.right <= other.left || one.left >= other.right) continue;
      faults.push(`${a.id || a.className} lies on ${b.id || b.className}`);
    }
  }
  return {
    faults,
    says: document.querySelector('#state').textContent.trim(),
    what: shown('.card h2')?.textContent ?? null,
    health: document.querySelector('#health').textContent,
    rigs: shown('nav')?.children.length ?? 0,
    technical: shown('#notice-technical')?.querySelectorAll('li').length ?? 0,
    source: shown('#source')?.textContent ?? null,
  };
}

const differs = (got, want) => (want instanceof RegExp ? !want.test(got) : got !== want);
const live = () => window.iscFigures?.().phase === 'playing' && document.querySelector('#notice').hidden;
const SILENT = { what: null, rigs: 0, technical: 0, source: null }; // what a state says that says nothing of them

// Shows one state on a page that plays, and returns what is wrong with it.
async function check(page, proxy, name, size) {
  const { change, opened, ...wanted } = STATES[name];
  const faults = [];
  const say = async () => faults.push(...(await page.evaluate(look)).faults);
  const picture = (what, of = page) => folder && of.screenshot({ path: join(folder, `${what}-${size}.png`) });
  proxy.state.change = change;
  await page.waitForFunction((word) => document.querySelector('#state').textContent.trim() === word, wanted.says, { timeout: 8000 });
  const closed = !(await page.isVisible('aside'));
  if (opened && closed) await page.keyboard.press('d');
  if (opened) await page.evaluate(() => document.querySelectorAll('aside details').forEach((node) => { node.open = true; }));
  await page.waitForTimeout(700);
  await page.waitForFunction(() => !document.querySelector('#toast.on'));
  const got = await page.evaluate(look);
  faults.push(...got.faults);
  for (const [key, want] of Object.entries({ ...SILENT, ...wanted })) {
    if (differs(got[key], want)) faults.push(`${key} is ${JSON.stringify(got[key])}, not ${want}`);
  }
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
  const [width, height] = SIZES[size];
  const proxy = await startProxy(url);
  const { page, context, faults } = await open(browser, proxy.url, { viewport: { width, height } });
  const found = [];
  for (const name of Object.keys(STATES).filter((key) => !only || only.split(',').includes(key))) {
    try {
      proxy.state.change = (snapshot) => snapshot;
      await page.waitForFunction(live, null, { timeout: 15000 });
      found.push(...(await check(page, proxy, name, size)).map((fault) => `${name}: ${fault}`));
    } catch (error) {
      found.push(`${name}: ${error.message.split('\n')[0]}`);
      if (folder) await page.screenshot({ path: join(folder, `${name}-${size}-failed.png`) });
    }
  }
  if (!only) found.push(...(await steady(page, proxy)).map((fault) => `steady: ${fault}`));
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
for (const size of Object.keys(SIZES)) faults.push(...await checkAll(browser, size));
await browser.close();
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
