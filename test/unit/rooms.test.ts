// The house keeps its shape: which room may know which, what the pure rooms may not touch, and that nothing lies about
// unused. The README's section on the architecture tells the same in words.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSources, type SourceFile } from '../support/source-tree.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What each room may know besides itself and `language`. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  language: [],
  job: [],
  object: ['job'],
  'import-log': ['job'],
  store: ['job'],
  drive: [],
  protocol: ['job', 'object', 'import-log'],
  launch: ['drive', 'protocol', 'config'],
  bucket: ['object'],
  load: ['job', 'object', 'import-log', 'drive', 'bucket', 'protocol'],
  notice: ['job'],
  screen: ['protocol', 'notice'],
  metrics: ['protocol'],
  mail: ['job', 'object', 'store', 'notice', 'config'],
  desk: ['job', 'object', 'import-log', 'store', 'bucket', 'notice', 'mail', 'protocol', 'config'],
  station: [
    'job',
    'object',
    'import-log',
    'store',
    'drive',
    'protocol',
    'bucket',
    'notice',
    'mail',
    'metrics',
    'desk',
    'config',
  ],
  // Where no daemon runs, it puts the desk together itself: its store and its bucket.
  doctor: ['config', 'drive', 'notice', 'protocol'],
  cli: ['doctor', 'store', 'protocol', 'job', 'notice', 'desk', 'config', 'object', 'bucket', 'screen'],
  config: [],
  'src/main.ts': ['cli', 'station', 'load', 'launch'],
};

const PURE_ROOMS: readonly string[] = ['job', 'object', 'language', 'notice', 'screen'];

/** Modules of Node that compute and neither read nor write anything. */
const PURE_MODULES: readonly string[] = ['node:assert/strict', 'node:buffer', 'node:crypto', 'node:util'];

/** Names by which a file reaches for the clock, chance, the environment or the world. */
const IMPURE_NAMES: readonly string[] = [
  'Date.now',
  'new Date()',
  'performance',
  'Math.random',
  'crypto',
  'process',
  'fetch',
  'setTimeout',
  'setInterval',
  'console',
];

const LONGEST_FILE = 400;
const LONG_FILE = 300;

const sources = readSources(['src']);
const everything = [...sources, ...readSources(['test', 'bench', 'scripts'])];

/** Files with what is wrong about them, as `path: what`. */
const findings = (files: readonly SourceFile[], look: (file: SourceFile) => readonly string[]): readonly string[] =>
  files.flatMap((file) => look(file).map((finding) => `${file.path}: ${finding}`));

test('rooms: every folder of src/ stands in the table, and every row has a folder', () => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? entry.name : `src/${entry.name}`,
  );

  assert.deepEqual(folders.toSorted(), Object.keys(ARROWS).toSorted());
});

test('rooms: a room knows only the rooms that its row names', () => {
  const wrong = findings(sources, ({ room, imports }) => {
    const known = new Set([room, 'language', ...(ARROWS[room] ?? [])]);
    return imports
      .filter(({ file }) => file !== undefined && !known.has(/^src\/([^/]+)\//u.exec(file)?.[1] ?? file))
      .map(({ specifier }) => `may not know ${specifier}`);
  });

  assert.deepEqual(wrong, []);
});

test('rooms: imports say # across rooms and ./ within one, and name a file that exists', () => {
  const wrong = findings(sources, ({ room, path, imports }) =>
    imports.flatMap(({ specifier, file }) => {
      if (file === undefined) return [];
      if (!existsSync(join(ROOT, file))) return [`${specifier} does not exist`];
      const isWithin = file.startsWith(`src/${room}/`);
      return specifier.startsWith(isWithin ? './' : '#') ? [] : [`${specifier} is written otherwise in ${path}`];
    }),
  );

  assert.deepEqual(wrong, []);
});

test('rooms: no import closes a circle', () => {
  const targets = new Map(sources.map(({ path, imports }) => [path, imports.flatMap(({ file }) => file ?? [])]));
  const finished = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (trail.includes(path) || finished.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    finished.add(path);
  };

  for (const path of targets.keys()) visit(path, []);

  assert.deepEqual(circles, []);
});

test('rooms: the pure rooms do no I/O and know no clock, no chance and no environment', () => {
  const pure = sources.filter(({ room }) => PURE_ROOMS.includes(room));

  const wrong = findings(pure, ({ imports, uses }) => [
    ...imports
      .filter(({ specifier }) => specifier.startsWith('node:') && !PURE_MODULES.includes(specifier))
      .map(({ specifier }) => `imports ${specifier}`),
    ...imports
      .filter(({ specifier }) => specifier === 'node:crypto')
      .flatMap(({ names }) => names.filter((name) => /random|generate|^\*$/iu.test(name)))
      .map((name) => `imports ${name} of node:crypto`),
    ...IMPURE_NAMES.filter((name) => uses.has(name)).map((name) => `uses ${name}`),
  ]);

  assert.notEqual(pure.length, 0);
  assert.deepEqual(wrong, []);
});

test('rooms: only the configuration and the entry read the environment', () => {
  const others = sources.filter(({ room }) => room !== 'config' && room !== 'src/main.ts');

  const wrong = findings(others, ({ uses }) => (uses.has('process.env') ? ['uses process.env'] : []));

  assert.deepEqual(wrong, []);
});

test('rooms: whatever a file exports is used by another file', () => {
  const taken = new Set(
    everything.flatMap(({ path, imports }) =>
      imports.flatMap(({ file, names }) => (file === path ? [] : names.map((name) => `${file ?? ''} ${name}`))),
    ),
  );

  const unused = findings(sources, ({ path, exports }) =>
    exports
      .filter(({ name }) => !taken.has(`${path} ${name}`) && !taken.has(`${path} *`))
      // The type of an exported function's parameter or result is part of it, though nobody may need to name it.
      .filter(({ isType, isUsedInside }) => !(isType && isUsedInside))
      .map(({ name }) => `${name} is exported and never imported`),
  );

  assert.deepEqual(unused, []);
});

test(`rooms: no file of src/ has more than ${String(LONGEST_FILE)} lines`, (t) => {
  for (const { path, lineCount } of sources) {
    if (lineCount > LONG_FILE)
      t.diagnostic(`${path} has ${String(lineCount)} lines, expected at most ${String(LONG_FILE)}`);
  }

  const wrong = findings(sources, ({ lineCount }) => (lineCount > LONGEST_FILE ? [`${String(lineCount)} lines`] : []));

  assert.deepEqual(wrong, []);
});

test('repository: no file names a folder of the machine that it was made on, or a package registry', () => {
  // Put together here, so that this file does not name them either.
  const forbidden = [
    ['/wor', 'k/'],
    ['registry', '.npm'],
    ['npmjs', '.org'],
    ['proxy.', 'golang'],
    ['/ro', 'ot/.'],
  ].map((parts) => parts.join(''));

  const wrong = listFiles('').flatMap((path) => {
    const text = readFileSync(join(ROOT, path), 'latin1');
    return forbidden.filter((name) => text.includes(name)).map((name) => `${path}: ${name}`);
  });

  assert.deepEqual(wrong, []);
});

test('package.json: every package that the product brings is imported by it', () => {
  const imported = new Set(sources.flatMap(({ imports }) => imports.map(({ specifier }) => packageOf(specifier))));

  const unused = packagesIn(['dependencies']).filter((name) => !imported.has(name));

  assert.deepEqual(unused, []);
});

test('README: gives the reason of every package that package.json names', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const packages = packagesIn(['dependencies', 'devDependencies', 'optionalDependencies']);

  const missing = packages.filter((name) => !new RegExp(`^\\|[^|]*\`${name}\``, 'mu').test(readme));

  assert.notEqual(packages.length, 0);
  assert.deepEqual(missing, []);
});

/** `@aws-sdk/client-s3` of `@aws-sdk/client-s3/some/file.js`. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Names of the packages in these sections of package.json. */
const packagesIn = (sections: readonly string[]): readonly string[] => {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.entries(Object(manifest));
  return sections.flatMap((section) => Object.keys(Object(entries.find(([key]) => key === section)?.[1])));
};

/** All files of the checkout but what git leaves out. */
const listFiles = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !['.git', 'node_modules', 'tmp'].includes(name) && !name.endsWith('.log'))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? listFiles(path) : entry.isFile() ? [path] : [];
    });
