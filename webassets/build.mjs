// Bundles src into dist: index.html, and below assets/ one script, one style sheet and the icon, each named by a hash
// of its content and stored with Brotli and gzip copies; and the licences of all packages that the script contains. The
// same sources give the same bytes.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

async function emptyDist() {
  await mkdir(dist, { recursive: true });
  for (const name of await readdir(dist)) {
    if (name !== '.gitkeep') await rm(join(dist, name), { recursive: true }); // without .gitkeep, go:embed finds nothing
  }
  await mkdir(join(dist, 'assets'));
}

// Returns the bundle of an entry, and the paths of the files that went into it.
async function bundle(entry) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome105', 'firefox110', 'safari16'],
    legalComments: 'none', // licences.txt holds them
    metafile: true,
    logLevel: 'warning',
  });
  return { body: Buffer.from(result.outputFiles[0].contents), inputs: Object.keys(result.metafile.inputs) };
}

// Writes a file and its compressed copies, unless these are larger.
async function store(name, body) {
  await writeFile(join(dist, name), body);
  const packed = {
    '.gz': gzipSync(body, { level: 9 }),
    '.br': brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
  };
  for (const [suffix, copy] of Object.entries(packed)) {
    if (copy.length < body.length) await writeFile(join(dist, name + suffix), copy);
  }
}

// Stores a file under a name with its hash, and returns that name.
async function storeHashed(stem, extension, body) {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
  const name = `assets/${stem}-${hash}.${extension}`;
  await store(name, body);
  return name;
}

const packageOf = (path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

// Returns the packages that the files belong to, each with the version that is in there, or null where that is the
// installed one. A package can be a bundle itself: its source map names what is in it, and its manifest the versions.
async function packagesOf(inputs) {
  const found = new Map();
  for (const input of inputs.filter(packageOf)) {
    const name = packageOf(input);
    found.set(name, null);
    const { sources } = JSON.parse(await readFile(join(here, `${input}.map`), 'utf8'));
    const { dependencies, devDependencies } = await manifest(name);
    for (const inner of sources.map(packageOf).filter(Boolean)) {
      found.set(inner, { ...devDependencies, ...dependencies }[inner] ?? null);
    }
  }
  return [...found].sort();
}

const folderOf = (name) => join(here, 'node_modules', name);

async function manifest(name) {
  return JSON.parse(await readFile(join(folderOf(name), 'package.json'), 'utf8'));
}

async function licenceText(name) {
  const file = (await readdir(folderOf(name))).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} is in the script, but has no licence text`);
  return (await readFile(join(folderOf(name), file), 'utf8')).trim();
}

// Some packages only name the Apache licence; its text must then be there from another.
async function licences(inputs) {
  const parts = [];
  let apache = '';
  let short = '';
  for (const [name, bundled] of await packagesOf(inputs)) {
    const { version, license } = await manifest(name);
    if (bundled && bundled !== version) throw new Error(`${name} ${bundled} is in the script, but ${version} is installed`);
    const text = await licenceText(name);
    if (text.includes('TERMS AND CONDITIONS FOR USE')) apache ||= text;
    else if (license.startsWith('Apache')) short = name;
    parts.push(`${name} ${version} (${license})\n\n${text}\n`);
  }
  if (short && !apache) throw new Error(`${short} is in the script, but the text of the Apache licence is nowhere`);
  const rule = `\n${'='.repeat(80)}\n\n`;
  const head = 'The script of this page contains the packages below, each followed by its licence.\n';
  return Buffer.from([head, ...parts].join(rule));
}

await emptyDist();
const [style, script] = [await bundle('src/style.css'), await bundle('src/main.js')];
const names = {
  'style.css': await storeHashed('style', 'css', style.body),
  'main.js': await storeHashed('main', 'js', script.body),
  'icon.svg': await storeHashed('icon', 'svg', await readFile(join(here, 'src/icon.svg'))),
  'licences.txt': await storeHashed('licences', 'txt', await licences(script.inputs)),
};
let page = await readFile(join(here, 'src/index.html'), 'utf8');
for (const [source, name] of Object.entries(names)) page = page.replaceAll(`"/${source}"`, `"/${name}"`);
await store('index.html', Buffer.from(page));
