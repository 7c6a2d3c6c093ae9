// Bundles src into dist: index.html, and below assets/ one script, one style sheet and the icon, each named by a hash of
// its content and stored with Brotli and gzip copies; and the licence of what is bundled. The same sources give the
// same bytes.
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

async function bundle(entry, loader) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome105', 'firefox110', 'safari16'],
    legalComments: 'none', // licences.txt holds them
    loader,
    logLevel: 'warning',
  });
  return Buffer.from(result.outputFiles[0].contents);
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

async function licences() {
  const folder = join(here, 'node_modules', 'hls.js');
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const text = await readFile(join(folder, 'LICENSE'), 'utf8');
  return Buffer.from(`The page's script contains hls.js ${version}, https://github.com/video-dev/hls.js\n\n${text}`);
}

await emptyDist();
const names = {
  'style.css': await storeHashed('style', 'css', await bundle('src/style.css')),
  'main.js': await storeHashed('main', 'js', await bundle('src/main.js')),
  'icon.svg': await storeHashed('icon', 'svg', await readFile(join(here, 'src/icon.svg'))),
  'licences.txt': await storeHashed('licences', 'txt', await licences()),
};
let page = await readFile(join(here, 'src/index.html'), 'utf8');
for (const [source, name] of Object.entries(names)) page = page.replaceAll(`"/${source}"`, `"/${name}"`);
await store('index.html', Buffer.from(page));
