// Drives that somebody made to do harm: every name and kind of file that a file system can hold, directories without an
// end, more of them than anybody needs. Each name has its row, nothing blocks, and no byte of the drive changes.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';

import { parse } from 'csv-parse/sync';

import { MIB } from '#language/units.ts';
import { openBayScene, type BayScene } from '../support/bay-scene.ts';
import { countOf } from '../support/counts.ts';
import { makeImage, sha256, type ImageOptions } from '../support/loop.ts';
import { run } from '../support/run.ts';
import { prepareJob, type PreparedJob } from '../support/signed-drive.ts';

/** A row of the import log by its columns. */
type Row = Readonly<Record<string, string>>;

const BUCKET = 'hostile';
const MAX_DEPTH = 64;
const LONG_DEADLINE_MS = countOf({ usual: 120_000, long: 3_600_000 });
const SETUID = 0o6755;

let scene: BayScene;

before(async () => {
  scene = await openBayScene({ load: { max_depth: MAX_DEPTH } });
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

interface Loaded {
  readonly prepared: PreparedJob;
  readonly rows: readonly Row[];
  /** `200 OK` and the like by `File`. */
  readonly verdicts: ReadonlyMap<string, string>;
}

/** A drive with SIGNATURE and what `populate` adds, which `craft` changes in its image; loaded, with its log read back. */
const load = async (
  options: Omit<Partial<ImageOptions>, 'populate'> & {
    /** Default: BUCKET. */
    readonly bucket?: string;
    readonly manifestLines?: readonly string[];
    readonly craft?: (image: string, job: PreparedJob) => Promise<void>;
    readonly populate: (folder: string, job: PreparedJob) => Promise<void>;
  },
): Promise<Loaded> => {
  const { station, minio, image } = scene;
  const { populate, craft, bucket = BUCKET, manifestLines = [], ...rest } = options;
  const prepared = await prepareJob({ station, minio, bucket, manifestLines });
  await makeImage({
    path: image,
    fsType: 'ext4',
    files: { SIGNATURE: prepared.signature },
    populate: (folder) => populate(folder, prepared),
    ...rest,
  });
  await craft?.(image, prepared);
  const before = await sha256(image);
  await scene.plugIn();
  await station.waitForJob(prepared.jobId, ['Completed', 'SuccessWithErrors'], LONG_DEADLINE_MS);
  await station.waitForBay('Bay 1', 'is done', ({ activity }) => activity === 'done');
  await scene.clear();
  assert.equal(await sha256(image), before, 'not a byte of the drive has changed');
  assert.ok(station.daemon().isRunning() && station.launcher().isRunning(), 'the station lives');
  const log = await minio.getObject(bucket, prepared.job.logKey);
  const rows: readonly Row[] = parse(log?.body ?? '', { columns: true });
  const verdicts = new Map(rows.map((row) => [row['File'] ?? '', `${row['Status'] ?? ''} ${row['Code'] ?? ''}`]));
  assert.equal(verdicts.size, rows.length, 'one row per file');
  return { prepared, rows, verdicts };
};

/** A name below the top folder, as bytes: not every one is text. */
const named = (name: string | readonly number[]): Buffer =>
  typeof name === 'string' ? Buffer.from(name, 'utf8') : Buffer.from(name);

const under = (folder: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(`${folder}/`), name]);

interface Case {
  readonly what: string;
  /** Path on the drive. */
  readonly name: Buffer;
  /** Makes it; default: a file that holds its own name. */
  readonly make?: (path: Buffer) => void | Promise<void>;
  /** Status and code of its row; default: `200 OK`. */
  readonly row?: string;
  /** Its `File`; default: the name. */
  readonly file?: string;
}

const file = (what: string, name: string | readonly number[], row?: string, shown?: string): Case => ({
  what,
  name: named(name),
  ...(row === undefined ? {} : { row }),
  ...(shown === undefined ? {} : { file: shown }),
});

const NO_FILE = '415 UnsupportedFileType';

const link = (what: string, name: string, target: string): Case => ({
  what,
  name: named(name),
  row: NO_FILE,
  make: (path) => {
    fs.symlinkSync(target, path);
  },
});

const node = (what: string, name: string, ...kind: readonly string[]): Case => ({
  what,
  name: named(name),
  row: NO_FILE,
  make: async (path) => {
    await run('mknod', [path.toString(), ...kind]);
  },
});

const makeSocket = async (path: Buffer): Promise<void> => {
  const server = createServer();
  server.listen(`${path.toString()}-`);
  await once(server, 'listening');
  // Its own name goes with the server.
  fs.linkSync(`${path.toString()}-`, path);
  server.close();
  await once(server, 'close');
};

const CASES: readonly Case[] = [
  link('an absolute link to a secret', 'links/shadow', '/etc/shadow'),
  link('a link out of the drive', 'links/out', '../../../../../../../../etc/passwd'),
  link('a link to the root of the host', 'links/root', '/'),
  link('a link to the folder above', 'links/above', '..'),
  link('a link to itself', 'links/self', 'self'),
  link('a link to nothing', 'links/nothing', 'no such name'),
  link('a link to a process', 'links/process', '/proc/self/environ'),
  link('a link of 1,000 bytes', 'links/long', 'x/'.repeat(500)),
  link('a link to SIGNATURE', 'links/SIGNATURE', '../SIGNATURE'),
  link('a link with an escape in its target', 'links/escape', '\u001b[2J\n<3>forged'),
  node('a FIFO', 'nodes/fifo', 'p'),
  node('a FIFO with the name of a text', 'nodes/readme.txt', 'p'),
  node('memory of the host', 'nodes/mem', 'c', '1', '1'),
  node('a terminal of the host', 'nodes/tty', 'c', '5', '0'),
  node('a device that never ends', 'nodes/zero', 'c', '1', '5'),
  node('a loop device of the host', 'nodes/loop', 'b', '7', '0'),
  node('a disk that the host does not have', 'nodes/none', 'b', '4095', '1048575'),
  { what: 'a socket', name: named('nodes/socket'), row: NO_FILE, make: makeSocket },
  {
    what: 'a file with setuid and setgid of root',
    name: named('modes/setuid'),
    make: (path) => {
      fs.writeFileSync(path, path.subarray(path.lastIndexOf('/modes/') + 1));
      fs.chmodSync(path, SETUID);
    },
  },
  {
    what: 'a file that nobody may read',
    name: named('modes/closed/file'),
    make: (path) => {
      fs.writeFileSync(path, path.subarray(path.lastIndexOf('/modes/') + 1));
      fs.chmodSync(path, 0);
      fs.chmodSync(path.subarray(0, path.lastIndexOf('/')), 0);
    },
  },
  file('a name of 255 bytes', `long/${'n'.repeat(255)}`),
  file('a name of 255 bytes in 85 characters', `long/${'名'.repeat(85)}`),
  file('a path of more than 1,024 bytes', `${'p'.repeat(255)}/`.repeat(4) + 'file', '400 KeyTooLong'),
  file('a byte that is never UTF-8', [...Buffer.from('bytes/'), 0xff], '400 InvalidFileName', 'bytes/%FF'),
  file(
    'a slash in two bytes',
    [...Buffer.from('bytes/'), 0x2e, 0x2e, 0xc0, 0xaf, 0x78],
    '400 InvalidFileName',
    'bytes/..%C0%AFx',
  ),
  file('half a surrogate', [...Buffer.from('bytes/'), 0xed, 0xa0, 0x80], '400 InvalidFileName', 'bytes/%ED%A0%80'),
  file('a character that is cut off', [...Buffer.from('bytes/a'), 0xe2, 0x82], '400 InvalidFileName', 'bytes/a%E2%82'),
  file(
    'a file in a folder that is not UTF-8',
    [...Buffer.from('bytes/d'), 0xfe, ...Buffer.from('/100%')],
    '400 InvalidFileName',
    'bytes/d%FE/100%25',
  ),
  file('a terminal escape', 'control/\u001b[31mred\u001b[0m', '400 InvalidKeyCharacter'),
  file('a title of a window', 'control/\u001b]0;owned\u0007', '400 InvalidKeyCharacter'),
  file('a bell', 'control/\u0007', '400 InvalidKeyCharacter'),
  file('a backspace', 'control/a\bb', '400 InvalidKeyCharacter'),
  file('a control of C1', 'control/\u009b31m'),
  file('a delete', 'control/\u007f'),
  file('a line that looks like the journal', 'control/a\n<3>{"level":50,"msg":"forged"}'),
  file('a line end of Windows', 'control/a\r\nb'),
  file('a tab', 'control/a\tb'),
  file('what XML cannot carry', 'control/\ufffe', '400 InvalidKeyCharacter'),
  file('an order that turns around', 'bidi/\u202egpj.exe'),
  file('an isolate without an end', 'bidi/\u2067abc'),
  file('a mark of direction alone', 'bidi/\u200f'),
  file('a blank without width', 'bidi/a\u200bb'),
  file('a line separator', 'bidi/a\u2028b'),
  file('letters of two scripts that look alike', 'bidi/pаypal'),
  file('a stack of accents', `bidi/z${'\u0301'.repeat(100)}`),
  file('a formula', '=cmd|calc!A0', undefined, "'=cmd|calc!A0"),
  file('a formula with a plus', '+1+cmd', undefined, "'+1+cmd"),
  file('a formula with a minus', '-2+3', undefined, "'-2+3"),
  file('a formula with an at', '@SUM(1)', undefined, "'@SUM(1)"),
  file('a quote and a comma', 'csv/a","200","OK'),
  file('a percent code', 'csv/%FF%0A'),
  file('an option', '--help', undefined, "'--help"),
  file('a command', 'shell/$(reboot)`reboot`;reboot|reboot'),
  file('a backslash', 'shell/a\\b\\x'),
  file('markup', 'shell/<script>alert(1)<'),
  file('blanks at both ends', 'shell/ a '),
  file('dots', 'shell/...'),
  file('a device of Windows', 'shell/CON'),
  file('a prototype', '__proto__'),
  file('upper case', 'case/NAME.txt'),
  file('lower case', 'case/name.txt'),
  file('mixed case', 'case/Name.txt'),
  file('a composed letter', 'form/\u00e9'),
  file('the same letter decomposed', 'form/e\u0301'),
  file('a ligature', 'form/\ufb01'),
  file('the same as two letters', 'form/fi'),
  file('SIGNATURE in lower case', 'signature'),
  file('SIGNATURE in a folder', 'inner/SIGNATURE'),
];

const makeCases = async (folder: string): Promise<void> => {
  for (const { name, make } of CASES) {
    const path = under(folder, name);
    fs.mkdirSync(path.subarray(0, path.lastIndexOf('/')), { recursive: true });
    if (make === undefined) fs.writeFileSync(path, name);
    else await make(path);
  }
};

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

// A name becomes another one of the same length, in its folder and in the journal: no tool makes such names.
const rename = async (image: string, from: string, to: string): Promise<void> => {
  // The checksum of the folder would give it away before the name does.
  await run('debugfs', ['-w', '-R', 'feature -metadata_csum', image]);
  const bytes = fs.readFileSync(image);
  const handle = fs.openSync(image, 'r+');
  let count = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
    fs.writeSync(handle, to, at);
    count += 1;
  }
  fs.closeSync(handle);
  assert.ok(count > 0 && from.length === to.length, `${from} is on the drive`);
};

test('hostile drive: every name and kind has its row, nothing blocks, and nothing of the drive is trusted', async () => {
  const { station, minio } = scene;

  const { prepared, rows, verdicts } = await load({
    sizeBytes: 64 * MIB,
    populate: async (folder, { job }) => {
      await makeCases(folder);
      fs.writeFileSync(join(folder, job.logKey), 'a log of my own');
      fs.mkdirSync(join(folder, 'loop/a/b'), { recursive: true });
      fs.writeFileSync(join(folder, 'loop/a/b/file'), 'in the loop');
      fs.mkdirSync(join(folder, 'slash'));
      fs.writeFileSync(join(folder, 'slash/XXXetcXpasswd'), 'x');
    },
    craft: async (image) => {
      await run('debugfs', ['-w', '-R', 'link loop/a/b loop/a/b/itself', image]);
      await run('debugfs', ['-w', '-R', 'link loop loop/a/b/ancestor', image]);
      await run('debugfs', ['-w', '-R', 'link / loop/a/root', image]);
      await rename(image, 'XXXetcXpasswd', '../etc/passwd');
    },
  });

  for (const { what, name, row = '200 OK', file: shown = name.toString() } of CASES) {
    assert.equal(verdicts.get(shown), row, what);
  }
  assert.equal(verdicts.get(prepared.job.logKey), '409 KeyCollision');
  for (const folder of ['loop/a/b/itself/', 'loop/a/b/ancestor/', 'loop/a/root/', 'slash/']) {
    assert.equal(verdicts.get(folder), '500 ReadError', folder);
  }
  assert.equal(verdicts.get('loop/a/b/file'), '200 OK');
  // SIGNATURE, the log's namesake, four folders that are refused and the file beside them.
  assert.equal(rows.length, CASES.length + 7);
  const keys = (await minio.listObjects(BUCKET)).map(({ key }) => key);
  const sent = CASES.filter(({ row }) => row === undefined).map(({ name }) => name.toString());
  assert.deepEqual(keys.toSorted(), [...sent, 'loop/a/b/file', prepared.job.logKey].toSorted());
  for (const { name } of CASES.filter(({ row }) => row === undefined)) {
    assert.deepEqual((await minio.getObject(BUCKET, name.toString()))?.body, name, name.toString());
    const line = rows.find(({ Key }) => Key === `${BUCKET}/${name.toString()}`);
    assert.equal(line?.['MD5'], md5(name), name.toString());
  }
  assert.match(station.journalText(), /^[\P{C}\n]*$/u, 'no name steers whoever reads the journal');
});

for (const [what, ...kind] of [
  ['a device that never ends', 'c', '1', '5'],
  ['a disk of the host', 'b', '7', '0'],
] as const) {
  test(`hostile drive: ${what} named SIGNATURE is a hold`, async () => {
    const { station, image } = scene;
    const populate = async (folder: string): Promise<void> => {
      fs.writeFileSync(join(folder, 'file'), 'x');
      await run('mknod', [join(folder, 'SIGNATURE'), ...kind]);
    };
    await makeImage({ path: image, fsType: 'ext4', populate });
    const before = await sha256(image);

    await scene.plugIn();

    const { hold } = await station.waitForHold('Bay 1', 'SignatureNotAFile');
    assert.notEqual(hold?.todo, '');
    await scene.clear();
    assert.equal(await sha256(image), before);
  });
}

// Each folder is made in the one before it by a descriptor: no path may be this long.
const makeDeep = (root: string, depth: number): void => {
  let above = fs.openSync(root, 'r');
  for (let level = 1; level <= depth; level += 1) {
    const path = `/proc/self/fd/${String(above)}/d`;
    fs.mkdirSync(path);
    const inner = fs.openSync(path, 'r');
    fs.closeSync(above);
    above = inner;
    if (level === MAX_DEPTH) fs.writeFileSync(`/proc/self/fd/${String(above)}/deepest`, 'x');
  }
  fs.writeFileSync(`/proc/self/fd/${String(above)}/unreached`, 'x');
  fs.closeSync(above);
};

test('hostile drive: of 5,000 folders in each other those that are walked have their rows, and the rest is one', async () => {
  const { verdicts } = await load({
    bucket: 'deep',
    sizeBytes: 128 * MIB,
    populate: (folder) => {
      makeDeep(folder, 5000);
      fs.writeFileSync(join(folder, 'top'), 'x');
      return Promise.resolve();
    },
  });

  const deepest = 'd/'.repeat(MAX_DEPTH);
  assert.deepEqual(
    verdicts,
    new Map([
      ['SIGNATURE', '103 Ignored'],
      ['top', '200 OK'],
      [`${deepest}deepest`, '200 OK'],
      [`${deepest}d/`, '500 ReadError'],
    ]),
  );
});

test('hostile drive: a folder with as many names as can be has a row for each', async () => {
  const entries = countOf({ usual: 20_000, long: 1_000_000 });

  const { verdicts } = await load({
    bucket: 'many',
    // 16 KiB of the image for an inode, each of which takes 256 bytes; the names need some more.
    sizeBytes: Math.ceil((entries * 16 * 1024 * 1.1) / MIB) * MIB,
    manifestLines: ['ignore:', '    - ^many/name-\\d*[1-9]$'],
    populate: (folder) => {
      fs.mkdirSync(join(folder, 'many'));
      for (let index = 0; index < entries; index += 1) {
        fs.closeSync(fs.openSync(join(folder, 'many', `name-${String(index)}`), 'wx'));
      }
      return Promise.resolve();
    },
  });

  assert.equal(verdicts.size, entries + 1);
  for (let index = 0; index < entries; index += 1) {
    const verdict = index % 10 === 0 ? '200 OK' : '103 Ignored';
    if (verdicts.get(`many/name-${String(index)}`) !== verdict) assert.fail(`name-${String(index)} is not ${verdict}`);
  }
});
