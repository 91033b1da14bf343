// The manual pages: current, whole, and in a form that both readers of such pages accept.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { EXIT_CODES, EXIT_MEANINGS } from '#cli/exit-codes.ts';
import { configSchema } from '#config/schema.ts';
import { commandHelps } from '../../../scripts/lib/command-help.ts';
import { configSections } from '../../../scripts/lib/config-keys.ts';
import { manPages } from '../../../scripts/lib/man-pages.ts';
import { bold, chapter, example, italic, literal, paragraph, prose, term, title } from '../../../scripts/lib/roff.ts';
import { run, tryRun, type RunResult } from '../../support/run.ts';
import { readSources } from '../../support/source-tree.ts';
import { runInProcess } from './in-process.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'docs/man');
const STATION = join(FOLDER, 'import-station.8');
const CONFIG = join(FOLDER, 'import-station.toml.5');

const ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' };

/** A page as a terminal of so many columns shows it, without bold and italics. */
const shown = (path: string, columns = 78): Promise<string> =>
  run('mandoc', ['-T', 'utf8', '-O', `width=${String(columns)}`, path], { env: ENVIRONMENT }).then((text) =>
    text.replaceAll(/.\u0008/gu, ''),
  );

/** The same on one line, to be searched for texts that a terminal breaks. */
const flow = async (path: string): Promise<string> => (await shown(path)).replaceAll(/\s+/gu, ' ');

/** The page as man(1) shows it, which formats it by groff. */
const byGroff = (path: string): Promise<RunResult> =>
  tryRun('man', ['--warnings=w', '-E', 'UTF-8', '-l', path], { env: { ...ENVIRONMENT, MANWIDTH: '1000' } });

/** The lines of a page that hold something, with one blank between words. */
const texts = (page: string): readonly string[] =>
  page
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/gu, ' '))
    .filter((line) => line !== '')
    .slice(1, -1);

const temporaryPage = (t: TestContext, text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'man-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'page.8');
  writeFileSync(path, text);
  return path;
};

for (const [name, text] of manPages()) {
  test(`docs/man/${name}: is what the commands and the schema say now; else run: node scripts/lib/man-pages.ts`, () => {
    assert.equal(readFileSync(join(FOLDER, name), 'utf8'), text);
  });

  test(`docs/man/${name}: is accepted by mandoc and by groff without a warning`, async () => {
    const path = join(FOLDER, name);

    const mandoc = await tryRun('mandoc', ['-T', 'lint', '-W', 'warning', path], { env: ENVIRONMENT });
    const groff = await byGroff(path);

    assert.deepEqual(mandoc, { exitCode: 0, stdout: '', stderr: '' });
    assert.deepEqual({ exitCode: groff.exitCode, stderr: groff.stderr }, { exitCode: 0, stderr: '' });
    // Both read the same; only the layout of the first and the last line is each one's own.
    assert.deepEqual(texts(groff.stdout), texts(await shown(path, 1000)));
  });
}

test('import-station(8): has every command of the help, with its arguments and options', async () => {
  const page = await shown(STATION, 1000);

  for (const command of commandHelps().slice(1)) {
    const name = command.path.join(' ');
    const own = new RegExp(`^ {3}${name}$(?<text>.*?)^ {0,3}\\S`, 'msu').exec(page)?.groups?.['text'];
    assert.ok(own !== undefined, `${name} has its section`);
    const { stdout } = await runInProcess([...command.path.slice(1), '--help']);
    const [, summary = ''] = /^Usage: .*\n\n(?<summary>[^\n]+)/u.exec(stdout) ?? [];
    assert.ok(
      own.toLowerCase().includes(summary.replaceAll('`', '').toLowerCase().slice(0, 40)),
      `${name}: ${summary}`,
    );
    // Flags at the beginning of a line of the help, without those that every command has.
    const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gmu)].map(([, flag = '']) => flag);
    assert.notEqual(flags.length, 0);
    for (const flag of flags.filter((one) => !['--help', '--by', '--version'].includes(one))) {
      assert.match(own, new RegExp(`^ +${flag}\\b`, 'mu'), `${name} ${flag}`);
    }
    for (const { usage } of command.arguments) {
      assert.match(own, new RegExp(`^ +\\[?${usage.slice(1, -1)}\\]?(?: |$)`, 'mu'), `${name} ${usage}`);
    }
  }
});

test('import-station(8): shows the examples of the help as they are typed', async () => {
  const page = await shown(STATION, 1000);
  const { stdout } = await runInProcess(['account', 'add', '--help']);
  const [, ...lines] = stdout.slice(stdout.indexOf('Examples:')).trimEnd().split('\n');

  assert.equal(lines.length, 3);
  for (const line of lines) assert.ok(page.includes(line.trim()), line);
});

test('import-station(8): has every exit code, with the meaning that README.md gives', async () => {
  const page = await flow(STATION);
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| (?<code>\d+) +\| (?<meaning>.*?) +\|$/gmu)];

  assert.deepEqual(
    rows.map(({ groups }) => [Number(groups?.['code']), groups?.['meaning']]),
    Object.entries(EXIT_CODES).map(([name, code]) => [
      code,
      Object.entries(EXIT_MEANINGS).find(([key]) => key === name)?.[1],
    ]),
  );
  for (const [, code = '', meaning = ''] of rows) {
    assert.ok(page.includes(` ${code} ${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1)}.`), meaning);
  }
});

test('import-station(8): names every variable of the environment that the product reads', async () => {
  const page = await flow(STATION);
  const read = readSources(['src'])
    .map(({ path }) => readFileSync(join(ROOT, path), 'utf8'))
    .flatMap((text) => [
      ...text.matchAll(/process\.env\['(?<name>\w+)'\]/gu),
      ...[...text.matchAll(/\{(?<names>[^{}]+)\} = process\.env/gu)].flatMap(({ groups }) => [
        ...(groups?.['names'] ?? '').matchAll(/(?<name>[A-Z_]{2,})/gu),
      ]),
    ])
    .map(({ groups }) => groups?.['name'] ?? '');

  assert.ok(read.includes('WATCHDOG_PID') && read.includes('IMPORT_STATION_CONFIG'));
  assert.deepEqual(
    read.filter((name) => !page.includes(` ${name} `)),
    [],
  );
});

test('import-station.toml(5): has every key under its section, with what may stand there', async () => {
  const page = await shown(CONFIG, 1000);

  for (const { name, isRepeated, keys } of configSections(configSchema)) {
    const heading = isRepeated ? `[[${name}]]` : `[${name}]`;
    const from = page.indexOf(`\n   ${heading}\n`);
    const own = page.slice(from, page.indexOf('\n   [', from + heading.length));
    assert.notEqual(from, -1, heading);
    for (const { name: key, example: value, allowed } of keys) {
      assert.ok(own.includes(`\n       ${key} = ${value}\n`), `${heading} ${key}`);
      assert.ok(own.toLowerCase().includes(allowed.replaceAll('`', '').toLowerCase()), `${heading} ${key}: ${allowed}`);
    }
  }
});

test('import-station.toml(5): gives defaults, units and ranges', async () => {
  const page = await flow(CONFIG);

  assert.match(page, / every_ms = 5000 .*? A whole number of milliseconds from 100 to 3600000\. Default: 5000\. /u);
  assert.match(page, / security = "starttls" .*? One of "starttls", "tls", "none"\. Default: "starttls"\. /u);
  assert.match(page, / uid = 980 .*? A whole number from 1 to 4294967294\. Has to be given\. /u);
  assert.match(page, / port = 587 .*? Where it is not given: 587 for starttls, 465 for tls, 25 for none\. /u);
});

test('configSections: tells every key that lacks what the manual says by its path, all at once', () => {
  const schema = z.strictObject({
    metrics: z.strictObject({
      port: z.int().default(1),
      host: z.string().describe('Host.'),
      told: z.int().default(5).describe('Told.'),
    }),
    jobs: z
      .strictObject({ limit: z.int().optional().describe('Limit.') })
      .prefault({})
      .describe('Jobs.'),
  });

  assert.throws(
    () => configSections(schema),
    ({ message }: Error) => {
      assert.deepEqual(message.split('\n').slice(1), [
        "[metrics] has no description, expected .describe('...') on the section",
        "metrics.port has no description, expected .describe('...') on the key",
        'metrics.host has no example, expected .meta({ examples: [...] }) on the key',
        "jobs.limit may be left out and has no default, expected .meta({ otherwise: '...' }) on the key",
        'jobs.limit has no example, expected .meta({ examples: [...] }) on the key',
      ]);
      return true;
    },
  );
});

test('config/import-station.toml: explains every key of the schema under its section, and no other one', () => {
  const lines = readFileSync(join(ROOT, 'config/import-station.toml'), 'utf8').split('\n');
  let section = '';
  const explained = lines.flatMap((line) => {
    section = /^(?:# )?\[\[?(?<name>[a-z_]+)\]\]?$/u.exec(line)?.groups?.['name'] ?? section;
    const key = /^(?:# )?(?<key>[a-z_]+) = /u.exec(line)?.groups?.['key'];
    return key === undefined ? [] : [`${section}.${key}`];
  });

  const keys = configSections(configSchema).flatMap(({ name, keys: own }) => own.map((key) => `${name}.${key.name}`));

  assert.deepEqual([...new Set(explained)].toSorted(), keys.toSorted());
});

const TRICKY = [
  '.SH NOT A HEADING',
  '\'\\" no comment',
  'back\\slash \\fBnot bold\\fR \\n(.x \\*(lq',
  '--flag \'single\' "double" `back` ^caret ~tilde',
  'Tür, 漢字, 🚲',
  '',
  '...',
];

test('roff: shows every text as it is, in a paragraph, a term and an example', async (t) => {
  const texts = TRICKY.filter((text) => text !== '');
  const page = [
    title({ name: 'tricky', chapter: 8, date: '2026-11-25', source: 'x 1', manual: 'Tests' }),
    chapter('NAME', `tricky \\- ${literal('nothing')}`),
    chapter(
      'TEXTS',
      ...texts.map((text) => paragraph(literal(text))),
      ...texts.map((text) => term(bold(text), italic(text))),
    ),
    chapter('EXAMPLES', example(TRICKY)),
    '',
  ].join('\n');
  const path = temporaryPage(t, page);

  const lint = await tryRun('mandoc', ['-T', 'lint', '-W', 'warning', path], { env: ENVIRONMENT });
  const mandoc = await shown(path, 1000);
  const groff = await byGroff(path);

  assert.equal(lint.stdout, '');
  for (const text of texts) {
    const count = (whole: string): number => whole.split(text).length - 1;
    assert.equal(count(mandoc), 4, `mandoc: ${text}`);
    assert.equal(count(groff.stdout), 4, `groff: ${text}`);
  }
});

test('roff: makes what stands between backquotes bold', () => {
  assert.equal(prose('until `retry --now`, then'), 'until \\fBretry \\-\\-now\\fR, then');
});
