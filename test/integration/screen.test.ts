// The technician's screen in a real terminal: as it is documented, over a real station, through everything that a window
// and a daemon go through.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MIB } from '#language/units.ts';
import { drawScreen } from '#screen/draw.ts';
import { widthOf } from '#screen/text.ts';
import { makeImage, plug } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.ts';
import { SAMPLE_BAYS, SAMPLE_SIZES, sampleStatus } from '../support/screen-samples.ts';
import { prepareDrive } from '../support/signed-drive.ts';
import { PRODUCT_FOLDER, startStation } from '../support/station.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';
import { until } from '../support/wait.ts';
import { startRepeatingDaemon } from '../unit/cli/in-process.ts';

const COMMAND = join(PRODUCT_FOLDER, 'scripts', 'import-station');
const SMALL = { columns: 80, rows: 24 };

const stack = new AsyncDisposableStack();
let minio: Minio;
let proxy: S3Proxy;
let folder: string;

before(async () => {
  minio = stack.use(await startMinio());
  proxy = stack.use(await startS3Proxy(minio.endpoint));
  folder = await mkdtemp(join(tmpdir(), 'screen-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
});

after(() => stack.disposeAsync());

const watchIn = async (terminal: Terminal, configPath: string): Promise<void> => {
  await terminal.type(`${COMMAND} status --watch --config ${configPath}; echo "ended with $?"`);
};

// Where there is no page of its own, the terminal has shown the key too.
const hasEnded = (lines: readonly string[]): boolean => lines.some((line) => line.endsWith('ended with 130'));

for (const bayCount of SAMPLE_BAYS) {
  test(`status --watch: is in a terminal what docs/screen.md shows, for ${String(bayCount)} bays`, async () => {
    const status = sampleStatus(bayCount);
    await using daemon = await startRepeatingDaemon({ 'GET /status': [200, status] });
    await using terminal = await openTerminal(SMALL);
    await watchIn(terminal, daemon.configPath);

    for (const size of SAMPLE_SIZES) {
      await terminal.resize(size);
      const drawn = drawScreen(status, { ...size, isColoured: false }).join('\n');
      const what = `the screen fits ${String(size.columns)} x ${String(size.rows)}`;
      await terminal.waitFor(what, (lines) => lines.join('\n') === drawn);
    }
  });
}

test('status --watch: colours a terminal, but not where NO_COLOR says so', async () => {
  await using daemon = await startRepeatingDaemon({ 'GET /status': [200, sampleStatus(4)] });
  const textOf = async (env: Readonly<Record<string, string>>): Promise<string> => {
    await using terminal = await openTerminal({ ...SMALL, env });
    await watchIn(terminal, daemon.configPath);
    await terminal.waitFor('the screen is drawn', (lines) => lines.some((line) => line.startsWith('Bay 4')));
    return await terminal.colouredText();
  };

  // Red ground under HOLD, green under TAKE OUT.
  assert.match(await textOf({}), /\u001b\[[\d;]*41m[^\u001b]*HOLD[^]*\u001b\[[\d;]*42m[^\u001b]*TAKE OUT/u);
  assert.ok(!(await textOf({ NO_COLOR: '1' })).includes('\u001b'));
});

for (const bayCount of SAMPLE_BAYS) {
  test(`status --watch: shows a load and a hold as they are, on a station of ${String(bayCount)} bays`, async () => {
    const images = Array.from({ length: bayCount }, (_, index) =>
      join(folder, `${String(bayCount)}-${String(index)}.img`),
    );
    await using station = await startStation({
      bays: images.map((image, index) => ({ name: `Bay ${String(index + 1)}`, image })),
    });
    const [loaded = '', held = ''] = images;
    const files = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [`photos/${String(index)}.raw`, randomBytes(32_768)]),
    );
    const throughProxy = { ...minio, endpoint: proxy.endpoint };
    const prepared = await prepareDrive({ station, minio: throughProxy, image: loaded, files, sizeBytes: 64 * MIB });
    if (bayCount > 1) await makeImage({ path: held, fsType: 'ext4', files: { 'signature.txt': 'x' } });
    await using terminal = await openTerminal(SMALL);
    await watchIn(terminal, station.configPath);
    await terminal.waitFor(
      'all bays are empty',
      (lines) => lines.filter((line) => line.includes('EMPTY')).length === bayCount,
    );

    proxy.setLatency(300);
    await using _loading = await plug(loaded);
    await using _held = bayCount > 1 ? await plug(held) : undefined;
    if (bayCount > 1) await station.waitForHold('Bay 2', 'MissingSignature');
    await station.waitForBay('Bay 1', 'has loaded something', ({ progress }) => (progress?.finished.files ?? 0) > 1);
    proxy.pause();
    const limited = await station.waitForBay(
      'Bay 1',
      'says that the bucket limits it',
      ({ progress }) => progress?.limitedBy === 'bucket',
    );
    assert.ok((limited.progress?.usedBytes ?? 0) > 400 * 32_768);
    for (const { columns, rows } of SAMPLE_SIZES) {
      await terminal.resize({ columns, rows });
      const lines = await terminal.waitFor('a load with its bar, its rate and its limit', (shown) =>
        new RegExp(`BUSY[^]*${prepared.jobId}[^]*\\[#*\\.*\\] +\\d+ %[^]*/s[^]*(?:network|net/bucket)`, 'u').test(
          shown.join('\n'),
        ),
      );
      assert.ok(lines.length <= rows && lines.every((line) => widthOf(line) <= columns));
      if (bayCount > 1) {
        assert.match(lines.find((line) => line.startsWith('Bay ')) ?? '', /^Bay 2 .*HOLD.*MissingSignature/u);
        assert.match(lines.join('\n'), /signature\.txt\)\.\n {2}Who acts: the customer\. What to do: Take/u);
      }
    }

    proxy.setLatency(0);
    proxy.resume();
    await station.waitForJob(prepared.jobId, ['Completed']);
    await terminal.waitFor('says "take it out"', (lines) =>
      /^Bay 1 .*TAKE OUT.*done: take it out/mu.test(lines.join('\n')),
    );
    await terminal.press('C-c');
    await terminal.waitFor('the shell is back', hasEnded);
  });
}

test('status --watch: outlives a restart of the daemon, and leaves the terminal as it was on Ctrl-C', async () => {
  const image = join(folder, 'restart.img');
  await using station = await startStation({ bays: [{ name: 'Bay 1', image }] });
  await using terminal = await openTerminal(SMALL);
  await terminal.type('echo was here before');
  await watchIn(terminal, station.configPath);
  await terminal.waitFor('the bay is empty', (lines) => lines.some((line) => /^Bay 1 +EMPTY/u.test(line)));
  assert.deepEqual([await terminal.flag('alternate_on'), await terminal.flag('cursor_flag')], ['1', '0']);

  await station.daemon().end('SIGKILL');
  const silent = await terminal.waitFor('the station is missed', (lines) =>
    /does not answer since/u.test(lines[0] ?? ''),
  );
  assert.ok(silent.some((line) => line.startsWith('Bay 1')));
  await station.startDaemon();
  await terminal.waitFor('the station is back', (lines) => /^test-station .* UTC {2}1 empty$/u.test(lines[0] ?? ''));

  await terminal.press('C-c');
  const lines = await terminal.waitFor('the shell is back', hasEnded);
  assert.ok(lines.includes('was here before'));
  const flags = await Promise.all(['alternate_on', 'cursor_flag', 'wrap_flag'].map((name) => terminal.flag(name)));
  assert.deepEqual(flags, ['0', '1', '1']);
});

test('status --watch: writes plain lines of news into a pipe, and ends quietly when that is closed', async () => {
  const image = join(folder, 'pipe.img');
  await using station = await startStation({ bays: [{ name: 'Bay 1', image }] });
  const prepared = await prepareDrive({ station, minio, image, files: { 'a.txt': 'a' }, bucket: 'piped' });
  await using terminal = await openTerminal(SMALL);
  const file = join(folder, 'news.txt');
  await terminal.type(`${COMMAND} status --watch --config ${station.configPath} >${file}; echo "ended with $?"`);
  const news = async (): Promise<string> => readFile(file, 'utf8').catch(() => '');
  await until(async () => (await news()).includes('Bay 1: empty\n'), { what: 'the first line', describe: news });

  await using drive = await plug(image);
  await until(async () => (await news()).includes(`Bay 1: done: take it out, job ${prepared.jobId}\n`), {
    what: 'news of the end',
    describe: news,
  });
  assert.doesNotMatch(await news(), /\u001b/u);
  await terminal.press('C-c');
  await terminal.waitFor('the shell is back', hasEnded);
  await terminal.type(`clear; ${COMMAND} status --watch --config ${station.configPath} | head -n 1; echo over`);
  await terminal.waitFor('the first line', (lines) => lines.some((line) => line.includes('Bay 1: done')));
  // The next line meets a pipe that nobody reads.
  await drive.unplug();
  const lines = await terminal.waitFor('the end', (shown) => shown.includes('over'));
  assert.doesNotMatch(lines.join('\n'), /EPIPE|Error|import-station: /u);
});
