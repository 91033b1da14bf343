// Names of a drive reach people by one escaping function alone, on every way out: terminal, JSON, screen, journal, mail and
// metrics. The import log and the bucket have them as they are.

import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { printable } from '#language/printable.ts';
import { makeImage, plug } from '../support/loop.ts';
import { startMailServer, type MailServer } from '../support/mail-server.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run } from '../support/run.ts';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive } from '../support/signed-drive.ts';
import { PRODUCT_FOLDER, startStation, type Station } from '../support/station.ts';
import { openTerminal } from '../support/terminal.ts';
import { until } from '../support/wait.ts';

// One that can be loaded, so that it is shown as the file under way; others whose rows fail.
const LOADED = 'n\u202egpj\u009b31m\u2028x\n<3>{"level":50,"msg":"forged"}\n# HELP forged\n<b>&';
const FAILED = [
  'f\u001b]0;owned\u0007',
  'f\u001b[2J\u001b[31m',
  'f\b\u007f\r\nBcc: x@example.com',
  'f\u200f\u2066\ufeff\ue000',
];
const BAD_BYTES = Buffer.from([0x66, 0x9b, 0x31, 0x6d, 0xff, 0x1b]);
const NEAR_MISS = 'signature.\u001b[31m\u202e\n<3>forged';

// The loader that has read the name escapes it, and so does what makes words of a hold: the backslash is then doubled.
const NEAR_MISS_IN_WORDS = printable(printable(NEAR_MISS));

const stack = new AsyncDisposableStack();
let server: MailServer;
let minio: Minio;
let proxy: S3Proxy;
let station: Station;
let image: string;

before(async () => {
  server = stack.use(await startMailServer({ security: 'none' }));
  const origin = stack.use(await startMinio());
  proxy = stack.use(await startS3Proxy(origin.endpoint));
  minio = { ...origin, endpoint: proxy.endpoint, pid: 0 };
  const folder = await mkdtemp(join(tmpdir(), 'names-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  image = join(folder, 'drive.img');
  const mail = {
    host: '127.0.0.1',
    port: server.port,
    security: 'none',
    from: 'a@example.org',
    operator: 'o@example.org',
  };
  // Few requests at once, so that a file stays under way for long.
  const load = { max_requests_in_flight: 4 };
  station = stack.use(await startStation({ bays: [{ name: 'Bay 1', image }], config: { mail, load } }));
});

after(() => stack.disposeAsync());

/** Nothing in a text steers a terminal, turns text around or looks like another character than it is. */
const checkSafe = (what: string, text: string): void => {
  assert.notEqual(text, '', what);
  const found = /[^\P{C}\n]|[\u2028\u2029]|^<3>(?!\{"level":)|^# HELP forged|^\{"level":50,"msg":"forged/mu.exec(text);
  assert.equal(
    found,
    null,
    `${what}: ${JSON.stringify(text.slice(Math.max(0, (found?.index ?? 0) - 100)).slice(0, 200))}`,
  );
};

const metrics = (): Promise<string> =>
  run('curl', ['--silent', '--unix-socket', join(station.runDir, 'control', 'read.sock'), 'http://x/metrics']);

/** Everything that a person can ask a station for, by its name. */
const askAll = async (jobId: string): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ['status', await station.ask('status')],
    ['status --json', await station.ask('status', '--json')],
    ['drives', await station.ask('drives')],
    ['job show', await station.ask('job', 'show', jobId)],
    ['job show --json', await station.ask('job', 'show', jobId, '--json')],
    ['job list', await station.ask('job', 'list')],
    ['metrics', await metrics()],
    ['journal', station.journalText()],
  ]);

const screen = async (isShown: (text: string) => boolean): Promise<string> => {
  await using terminal = await openTerminal({ columns: 220, rows: 50 });
  const command = join(PRODUCT_FOLDER, 'scripts', 'import-station');
  await terminal.type(`${command} status --watch --config ${station.configPath}; echo "ended with $?"`);
  let seen = '';
  await terminal.waitFor('the name is on the screen', (lines) => {
    seen = lines.join('\n');
    return isShown(seen);
  });
  return seen;
};

test('names: of the file under way are escaped in status, screen, journal and metrics', async () => {
  proxy.setLatency(500);
  const files = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`${LOADED}${String(index)}`, 'x']));
  const { jobId } = await prepareDrive({ station, minio, image, email: 'one@example.com', files });
  await using drive = await plug(image);
  const bay = await station.waitForBay('Bay 1', 'names a file', ({ progress }) => progress?.current !== undefined);

  const texts = await askAll(jobId);
  const shown = await screen((text) => text.includes('n\\u{202e}gpj'));

  assert.ok(bay.progress?.current?.startsWith(printable(LOADED)));
  for (const [what, text] of texts) checkSafe(what, text);
  checkSafe('screen', shown);
  assert.ok(texts.get('status')?.includes('n\\u{202e}gpj\\u{9b}31m\\u{2028}x\\u{a}'));
  proxy.setLatency(0);
  await station.waitForJob(jobId, ['Completed']);
  await drive.unplug();
  await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
});

test('names: of failed files are escaped in report, journal and mail', async () => {
  const { jobId, job } = await prepareDrive({
    ...{ station, minio, image, email: 'two@example.com', bucket: 'two', files: { a: 'a' } },
    populate: async (folder) => {
      for (const name of FAILED) await symlink('/nowhere', join(folder, name));
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), BAD_BYTES]), 'x');
    },
  });
  await using drive = await plug(image);
  await station.waitForJob(jobId, ['SuccessWithErrors']);
  const mail = await until(
    () =>
      server.taken.find(({ parsed }) => parsed.subject?.startsWith(`Import job ${jobId}: SuccessWithErrors`) === true),
    { what: 'the mail on completion' },
  );

  const report = await station.ask('job', 'report', jobId);
  const texts = new Map([...(await askAll(jobId)), ['job report', report]]);
  texts.set('job report --json', await station.ask('job', 'report', jobId, '--json'));
  texts.set('mail', mail.parsed.text ?? '');
  texts.set('mail as a page', mail.parsed.html || '');

  for (const [what, text] of texts) checkSafe(what, text);
  for (const [what, text] of [
    ['report', report],
    ['mail', mail.parsed.text ?? ''],
  ] as const) {
    for (const name of FAILED) assert.ok(text.includes(printable(name)), `${what} has ${printable(name)}`);
    assert.ok(text.includes('f%9B1m%FF\\u{1b}') || text.includes(printable(BAD_BYTES)), `${what} has the bad bytes`);
  }
  assert.equal(mail.parsed.bcc, undefined);
  const log = await minio.getObject(job.logBucket, job.logKey);
  for (const name of FAILED) assert.ok(log?.body.includes(name), 'the import log has the name as it is');
  await drive.unplug();
  await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
});

test('names: that look like SIGNATURE are escaped in hold, screen, journal and mail', async () => {
  await makeImage({ path: image, fsType: 'ext4', files: { [NEAR_MISS]: 'x' } });
  await using drive = await plug(image);
  const { hold } = await station.waitForHold('Bay 1', 'MissingSignature');
  const mail = await until(
    () => server.taken.find(({ parsed }) => parsed.text?.includes(NEAR_MISS_IN_WORDS) === true),
    {
      what: 'the mail on the hold',
      describe: () =>
        server.taken
          .map(({ parsed }) => parsed.text)
          .slice(-2)
          .join('\n'),
    },
  );

  assert.ok(hold?.happened.includes(NEAR_MISS_IN_WORDS));
  checkSafe('status', await station.ask('status'));
  checkSafe('screen', await screen((text) => text.includes('\\u{1b}[31m')));
  checkSafe('journal', station.journalText());
  checkSafe('mail', mail.parsed.text ?? '');
  checkSafe('mail as a page', mail.parsed.html || '');
  checkSafe('subject', mail.parsed.subject ?? '');
  await drive.unplug();
  await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
});
