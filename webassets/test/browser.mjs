// Opens the page in headless Chromium and remembers what must not happen there: script errors, violations of the content
// policy, and requests to other hosts. Set CHROMIUM to use another browser than /usr/bin/chromium.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function launch() {
  const executablePath = process.env.CHROMIUM || PROGRAMS.find((path) => existsSync(path)) || PROGRAMS[0];
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

// Makes a page for url, in a new context of the given options; faults fills as they happen.
export async function prepare(browser, url, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  const faults = [];
  const host = new URL(url).host;
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(`policy: ${message.text()}`);
  });
  page.on('request', (request) => {
    const target = new URL(request.url());
    if (target.protocol.startsWith('http') && target.host !== host) faults.push(`request to ${target.host}`);
  });
  return { page, context, faults };
}

// Opens url in such a page.
export async function open(browser, url, options = {}) {
  const made = await prepare(browser, url, options);
  await made.page.goto(url, { waitUntil: 'domcontentloaded' });
  return made;
}

// Returns what a page breaks of the rules for accessibility that axe-core knows.
export async function accessibility(page) {
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(AXE); // the content policy lets in no script but so
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 120)).join(' ')}`);
}
