// A place in which bash, zsh and fish complete the command: its completion scripts, a command on the PATH that notes its
// arguments, and a daemon that repeats answers.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../support/run.ts';
import { runInProcess, startRepeatingDaemon, type Answers } from './in-process.ts';

const COMMAND = join(import.meta.dirname, '../../../scripts/import-station');

/** The shells that have a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of the shells. */
export type Shell = (typeof SHELLS)[number];

/** Where a package puts each script, below a folder. */
const SCRIPT_FILES: Readonly<Record<Shell, string>> = {
  bash: 'completions/import-station',
  zsh: '_import-station',
  fish: 'import-station.fish',
};

/** The place. */
export interface ShellScene extends AsyncDisposable {
  readonly folder: string;
  /** Environment in which `import-station` is the command. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the command notes the arguments of a call by a person, one a line. */
  readonly seenFile: string;
  /** What the shell offers for a line with the cursor at its end, in no order. */
  offers(shell: Shell, line: string): Promise<readonly string[]>;
}

/** Makes it; without answers no daemon listens. */
export const startShellScene = async (answers?: Answers): Promise<ShellScene> => {
  await using stack = new AsyncDisposableStack();
  const daemon = stack.use(await startRepeatingDaemon(answers));
  const { folder } = daemon;
  const seenFile = join(folder, 'seen');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  mkdirSync(join(folder, 'completions'));
  for (const shell of SHELLS) {
    const { exitCode, stdout } = await runInProcess(['completion', shell]);
    assert.equal(exitCode, 0);
    writeFileSync(join(folder, SCRIPT_FILES[shell]), stdout);
  }
  const command = join(bin, 'import-station');
  const note = `printf '%s\\n' "$@" > '${seenFile}.new' && mv '${seenFile}.new' '${seenFile}'`;
  writeFileSync(command, `#!/bin/sh\n[ "$1" != complete ] || exec '${COMMAND}' "$@"\n${note}\n`);
  chmodSync(command, 0o755);
  const env = {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: folder,
    LC_ALL: 'C.UTF-8',
    TERM: 'xterm',
    IMPORT_STATION_CONFIG: daemon.configPath,
    BASH_COMPLETION_USER_DIR: folder,
  };
  const moved = stack.move();
  return {
    folder,
    env,
    seenFile,
    offers: async (shell, line) => {
      const [program, ...args] = ASKING[shell];
      const given = await run(program, args, { cwd: folder, env: { ...env, LINE: line } });
      return [...given.matchAll(/^OFFER<(?<word>.*)>\r*$/gmu)].map(({ groups }) => groups?.['word'] ?? '');
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
};

// By its loader, as in an interactive shell; the words are then read by the shell itself, as they would be on the line.
const BASH = `
. /usr/share/bash-completion/bash_completion
_completion_loader import-station
read -r _ _ function _ <<<"$(complete -p import-station)"
COMP_LINE=$LINE COMP_POINT=\${#LINE}
"$function" import-station
printf 'OFFER<%s>\\n' "\${COMPREPLY[@]}"
`;

// The line editor of zsh works on a terminal alone, and what is typed before it is ready is lost. What compadd offers is printed, quoted as it would come to the line.
const ZSH_INSIDE = `
PROMPT=
fpath=($HOME $fpath)
autoload -U compinit
compinit -u -d $HOME/compinit.dump
zle-line-init() { print READY }
zle -N zle-line-init
compadd() {
  if [[ \${@[1,(i)(-|--)]} = *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a offered
  builtin compadd -A offered "$@"
  if (( $#offered )); then print; print -rl -- "OFFER<"\${^offered}">"; fi
  builtin compadd "$@"
}
`;
const ZSH = `
print -r -- ${JSON.stringify(ZSH_INSIDE).replaceAll('$', '\\$').replaceAll('\\n', '\n')} > $HOME/inside.zsh
zmodload zsh/zpty
zpty inside zsh -f -i
zpty -w inside 'stty columns 1000; source $HOME/inside.zsh'
zpty -r inside output '*READY*'
zpty -w -n inside "$LINE"$'\\t\\x15print END""ED\\n'
zpty -r inside output '*ENDED*'
print -r -- $output
`;

const FISH = `
source $HOME/import-station.fish
complete -C "$LINE" | string replace -r '\\t.*' '' | string replace -r '(.*)' 'OFFER<$1>'
true
`;

const ASKING: Readonly<Record<Shell, readonly [string, ...(readonly string[])]>> = {
  bash: ['bash', '--norc', '-c', BASH],
  zsh: ['zsh', '-f', '-c', ZSH],
  fish: ['fish', '--no-config', '-c', FISH],
};
