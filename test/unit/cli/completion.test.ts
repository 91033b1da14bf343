// Completion in the shells themselves: commands, options, values, files, what the station knows, and names that try to
// run something in the technician's shell.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { ABORT_CODES } from '#job/status.ts';
import { REASONS } from '#notice/catalogue.ts';
import { FILE_CODES } from '#protocol/control.ts';
import { commandHelps } from '../../../scripts/lib/command-help.ts';
import { run } from '../../support/run.ts';
import { openTerminal } from '../../support/terminal.ts';
import { until } from '../../support/wait.ts';
import { documentedJson } from './documented-json.ts';
import { runInProcess, startRepeatingDaemon, type Answers } from './in-process.ts';
import { SHELLS, startShellScene, type Shell } from './shell-scene.ts';

const BAY_NAMES = ['Bay 1', 'Bay: 2', 'Ofen @ Tür'];

// A configuration refuses most of them; the shells must be safe without it.
const HOSTILE_NAMES = [
  'Bay $(touch x)',
  'Bay `touch x`',
  "Bay'; touch x; '",
  'Bay"; touch x; "',
  'Bay & touch x',
  'Bay {a,b} * ? [x] # <y >x |z',
  '~root',
  '$HOME',
  '(touch x)',
  '=ls',
  '%1',
];
const UNPRINTABLE_NAMES = ['Bay\nx', 'Bay\tx', 'Bay \u001b[2J', 'Bay \u202e', ''];

const bays = (names: readonly string[]): unknown => ({
  station: 'Station',
  madeAt: '2026-11-25T09:16:00.000Z',
  holds: [],
  bays: names.map((bay) => ({ bay, port: 'port', activity: 'empty', says: 'empty' })),
});

const answersWith = (names: readonly string[]): Answers => ({
  'GET /status': [200, bays(names)],
  'GET /jobs': [200, documentedJson().get('job list')],
  'GET /accounts': [200, documentedJson().get('account list')],
});

// What each shell would put on the line: bash and zsh are given quoted words, fish quotes afterwards.
const unquoted = async (shell: Shell, words: readonly string[]): Promise<readonly string[]> => {
  if (shell === 'fish') return words;
  const text = `set -- ${words.join(' ')}\nfor word; do printf '%s\\n' "$word"; done`;
  const given = await run(shell, shell === 'bash' ? ['--norc', '-c', text] : ['-f', '-c', text], {
    env: { LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
  });
  return given.trimEnd().split('\n');
};

const codesThatConfirm = REASONS.filter(({ waysOut }) => waysOut.includes('confirm')).map(({ code }) => code);

const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['import-station jo', ['job']],
  // The command `complete` is for the scripts alone.
  ['import-station comp', ['completion']],
  ['import-station --by ada job sho', ['show']],
  ['import-station --by=ada job sho', ['show']],
  ['import-station job help cr', ['create']],
  ['import-station drives --j', ['--json']],
  ['import-station release "Bay 1" --n', ['--now']],
  ['import-station account add --existing ', ['replace', 'refuse']],
  ['import-station reject 53TX4 --code ', [...ABORT_CODES, ...FILE_CODES]],
  ['import-station completion ', SHELLS],
  ['import-station reasons MissingSig', ['MissingSignature']],
  ['import-station confirm "Bay 1" ', codesThatConfirm],
  ['import-station job show 53', ['53TX4']],
  ['import-station receive --by ada ', ['53TX4']],
  ['import-station sign --job ', ['53TX4']],
  ['import-station account show ', ['ada@example.com']],
  ['import-station release ', BAY_NAMES],
  ['import-station release bay', ['Bay 1', 'Bay: 2']],
  ['import-station release Bay\\ ', ['Bay 1']],
  ['import-station retry ', [...BAY_NAMES, '53TX4']],
];

for (const shell of SHELLS) {
  test(`completion ${shell}: offers what can stand at each place of a line`, async () => {
    await using scene = await startShellScene(answersWith(BAY_NAMES));

    for (const [line, words] of LINES) {
      const offered = await unquoted(shell, await scene.offers(shell, line));

      assert.deepEqual(new Set(offered), new Set(words), line);
    }
  });

  test(`completion ${shell}: offers every command of each group, and every option of each command`, async () => {
    await using scene = await startShellScene();
    const helps = commandHelps();
    const [program] = helps;
    assert.ok(program !== undefined);

    for (const { path, isGroup, options } of helps) {
      const line = path.join(' ');
      const children = helps.filter(
        (one) => one.path.length === path.length + 1 && one.path.join(' ').startsWith(`${line} `),
      );
      const wanted: readonly (string | undefined)[] = isGroup
        ? [...children.map((child) => child.path.at(-1)), 'help']
        : [...options, ...program.options].map(({ flags }) => flags.split(' ')[0]).concat('--help');

      const offered = await scene.offers(shell, isGroup ? `${line} ` : `${line} --`);

      assert.deepEqual(new Set(offered), new Set(wanted), line);
    }
  });

  test(`completion ${shell}: gives the configuration of the line to the question`, async () => {
    await using scene = await startShellScene(answersWith(['Bay 1']));
    await using other = await startRepeatingDaemon(answersWith(['Bay 7']));

    const apart = await scene.offers(shell, `import-station release --config '${other.configPath}' `);
    const joined = await scene.offers(shell, `import-station release --config=${other.configPath} `);

    assert.deepEqual(await unquoted(shell, [...apart, ...joined]), ['Bay 7', 'Bay 7']);
  });

  test(`completion ${shell}: offers nothing of the station and says nothing, while no daemon runs`, async () => {
    await using scene = await startShellScene();

    assert.deepEqual(await scene.offers(shell, 'import-station job show '), shell === 'bash' ? [''] : []);
  });

  test(`completion ${shell}: runs nothing that a name of the station or the line holds`, async () => {
    await using scene = await startShellScene(answersWith([...HOSTILE_NAMES, ...UNPRINTABLE_NAMES]));

    const offered = await scene.offers(shell, 'import-station release ');
    await scene.offers(shell, 'import-station release --by "$(touch x)" --config=`touch x` ');

    assert.deepEqual(new Set(await unquoted(shell, offered)), new Set(HOSTILE_NAMES));
    assert.equal(existsSync(join(scene.folder, 'x')), false);
  });
}

const HOSTILE_NAME = 'hostile $(touch x) `touch x`; "touch x" & \'touch x\' > x';
const BROKEN_NAME = 'Ofen: 2 @ Tür';
const FILE_NAME = 'Manifest of $(touch x) ada.txt';

const STARTS: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['exec bash --norc', '. /usr/share/bash-completion/bash_completion'],
  zsh: ['exec zsh -f', 'fpath=($HOME $fpath); autoload -U compinit; compinit -u -D'],
  fish: ['exec fish --no-config', 'source $HOME/import-station.fish'],
};

for (const shell of SHELLS) {
  for (const [typed, wanted] of [
    ['import-station release hos', HOSTILE_NAME],
    ['import-station release "hos', HOSTILE_NAME],
    ["import-station release 'hos", HOSTILE_NAME],
    ['import-station account show ada', 'ada@example.com'],
    ['import-station release Ofe', BROKEN_NAME],
    ['import-station release Ofen:', BROKEN_NAME],
    ['import-station manifest check Man', FILE_NAME],
    ['import-station manifest check --config=Man', `--config=${FILE_NAME}`],
  ] as const) {
    test(`completion ${shell}: puts a word onto the line that is read as it was meant, after ${typed}`, async () => {
      await using scene = await startShellScene(answersWith([HOSTILE_NAME, BROKEN_NAME]));
      mkdirSync(join(scene.folder, 'work'));
      writeFileSync(join(scene.folder, 'work', FILE_NAME), '');
      await using terminal = await openTerminal({ columns: 120, rows: 24, env: { ...scene.env, PS1: '$ ' } });
      for (const line of STARTS[shell]) await terminal.type(line);
      await terminal.type('cd $HOME/work; echo rea""dy');
      await terminal.waitFor('the shell is ready', (lines) => lines.some((line) => line.startsWith('ready')));

      await terminal.write(typed);
      await terminal.press('Tab');
      await until(async () => !(await terminal.lines()).join('').trimEnd().endsWith(typed), {
        what: 'the word is completed',
        describe: async () => (await terminal.lines()).join('\n'),
      });
      await terminal.press('Enter');
      const seen = await until(() => existsSync(scene.seenFile) && readFileSync(scene.seenFile, 'utf8'), {
        what: 'the command has run',
        describe: async () => (await terminal.lines()).join('\n'),
      });

      assert.equal(seen.trimEnd().split('\n').at(-1), wanted);
      assert.equal(existsSync(join(scene.folder, 'work', 'x')), false);
    });
  }
}

for (const [list, words] of [
  ['jobs', ['53TX4']],
  ['bays', BAY_NAMES],
  ['targets', [...BAY_NAMES, '53TX4']],
  ['accounts', ['ada@example.com']],
] as const) {
  test(`complete ${list}: prints a word a line, by the read socket`, async () => {
    await using daemon = await startRepeatingDaemon(answersWith(BAY_NAMES));

    const { exitCode, stdout, stderr } = await runInProcess(['complete', list], daemon);

    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    assert.deepEqual(stdout.trimEnd().split('\n'), words);
    assert.deepEqual([...new Set(daemon.received.map(({ right }) => right))], ['read']);
  });
}

test('complete: leaves out words that are not printable or no job ID', async () => {
  const list = documentedJson().get('job list');
  const jobs = JSON.parse(JSON.stringify(list).replaceAll('53TX4', '$(touch x)')) as unknown;
  await using daemon = await startRepeatingDaemon({
    ...answersWith([...UNPRINTABLE_NAMES, 'Bay 1']),
    'GET /jobs': [200, jobs],
  });

  const { stdout } = await runInProcess(['complete', 'targets'], daemon);

  assert.equal(stdout, 'Bay 1\n');
});

test('complete: says nothing and ends with 0, without a configuration or with an answer of another form', async () => {
  await using daemon = await startRepeatingDaemon({ 'GET /jobs': [200, { jobs: 5 }] });

  const without = await runInProcess(['complete', 'jobs']);
  const other = await runInProcess(['complete', 'jobs'], daemon);

  assert.deepEqual([without, other], Array(2).fill({ exitCode: 0, stdout: '', stderr: '' }));
});

test('complete: ends soon and says nothing, while the daemon does not answer', async () => {
  await using daemon = await startRepeatingDaemon();
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  server.listen(join(daemon.folder, 'run', 'control', 'read.sock'));
  await once(server, 'listening');
  const began = performance.now();

  const ended = await runInProcess(['complete', 'jobs'], daemon);

  const tookMs = performance.now() - began;
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
  assert.deepEqual(ended, { exitCode: 0, stdout: '', stderr: '' });
  assert.ok(tookMs < 3000, `it took ${String(tookMs)} ms`);
});
