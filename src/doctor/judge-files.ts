// Folders, secrets and the disk of the state directory: pure, over what the probes saw.

import type { Config } from '#config/contract.ts';
import { printable } from '#language/printable.ts';
import { shellWord } from '#language/shell-word.ts';
import { formatSize } from '#language/quantity.ts';
import { GIB, MIB } from '#language/units.ts';
import type { DiskRoom, HostFacts, PathFacts, SecretFacts } from './facts.ts';
import { reporterFor, type Finding } from './finding.ts';

const GROUP_AND_OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const OWNER_ALL = 0o700;
const CREDENTIAL_FORBIDDEN = 0o037;
const OCTAL = 8;
const ROOT = 0;

const octal = (mode: number): string => `0${mode.toString(OCTAL)}`;

/** State directory, run directory, configuration file. */
export const judgeFolders = (facts: HostFacts, { station }: Config, configPath: string): readonly Finding[] => [
  judgeStateDir(facts.stateDir, station),
  ...judgeWay(facts.aboveStateDir, station),
  judgeRunDir(facts.runDir, station),
  ...judgeSocketFolders(facts, station),
  judgeConfigFile(facts.config, configPath),
];

const folders = reporterFor('folders');

const judgeStateDir = (facts: PathFacts, { stateDir, uid, gid }: Config['station']): Finding => {
  const path = printable(stateDir);
  const word = shellWord(path);
  const owner = `${String(uid)}:${String(gid)}`;
  const make = `install -d -o ${String(uid)} -g ${String(gid)} -m 0700 ${word}`;
  switch (facts.kind) {
    case 'missing':
      return folders.trouble({
        check: 'StateDirMissing',
        level: 'warning',
        what: `The state directory ${path} does not exist.`,
        todo: `The unit makes it at its first start; without systemd: \`${make}\`.`,
      });
    case 'hidden':
      return hidden('StateDirHidden', path, facts.message);
    case 'there': {
      if (facts.type !== 'folder') {
        return folders.trouble({
          check: 'StateDirNoFolder',
          level: 'problem',
          what: `The state directory ${path} is no folder.`,
          todo: `Put what lies there elsewhere, then \`${make}\`.`,
        });
      }
      if (facts.uid !== uid) {
        return folders.trouble({
          check: 'StateDirOwner',
          level: 'problem',
          what: `The state directory ${path} belongs to user ${String(facts.uid)}, the station runs as ${String(uid)}.`,
          todo: `Run \`chown -R ${owner} ${word}\`, or correct station.uid in the configuration.`,
        });
      }
      if ((facts.mode & OWNER_ALL) !== OWNER_ALL) {
        return folders.trouble({
          check: 'StateDirClosed',
          level: 'problem',
          what: `The station itself may not write into its state directory ${path} (mode ${octal(facts.mode)}).`,
          todo: `Run \`chmod 0700 ${word}\`.`,
        });
      }
      if ((facts.mode & GROUP_AND_OTHERS) !== 0) {
        return folders.trouble({
          check: 'StateDirMode',
          level: 'problem',
          what: `The state directory ${path} is open to others (mode ${octal(facts.mode)}): names of customers' files lie there.`,
          todo: `Run \`chmod 0700 ${word}\`.`,
        });
      }
      return folders.ok('StateDir', `The state directory ${path} is the station's own.`);
    }
  }
};

const hidden = (check: string, path: string, message: string): Finding =>
  folders.trouble({
    check,
    level: 'unknown',
    what: `${path} could not be looked at: ${message}.`,
    todo: 'Run `import-station doctor` as root.',
  });

const judgeRunDir = (facts: PathFacts, { runDir, uid, gid }: Config['station']): Finding => {
  const path = printable(runDir);
  if (facts.kind === 'hidden') return hidden('RunDirHidden', path, facts.message);
  if (facts.kind === 'missing') {
    return folders.note('RunDirMissing', `The run directory ${path} does not exist yet; it is made at the start.`);
  }
  const word = shellWord(path);
  const isOpenToOwner = (facts.mode & OWNER_ALL) === OWNER_ALL;
  const isFine = facts.type === 'folder' && facts.uid === uid && isOpenToOwner && (facts.mode & OTHERS_WRITE) === 0;
  return isFine
    ? folders.ok('RunDir', `The run directory ${path} is the station's own.`)
    : folders.trouble({
        check: 'RunDirOwner',
        level: 'problem',
        what: `The run directory ${path} is not a folder that only user ${String(uid)} can write (owner ${String(facts.uid)}, mode ${octal(facts.mode)}).`,
        todo: `Run \`chown ${String(uid)}:${String(gid)} ${word} && chmod 0755 ${word}\`.`,
      });
};

const OTHERS_ENTER = 0o001;
const GROUP_ENTER = 0o010;
const OWNER_ENTER = 0o100;

// Each folder above has to let the station's user through.
const judgeWay = (above: HostFacts['aboveStateDir'], { uid, gid, stateDir }: Config['station']): readonly Finding[] => {
  const closed = above.find(([, facts]) => {
    if (facts.kind !== 'there') return false;
    if (facts.uid === uid) return (facts.mode & OWNER_ENTER) === 0;
    return (facts.mode & (facts.gid === gid ? GROUP_ENTER : OTHERS_ENTER)) === 0;
  });
  if (closed === undefined) return [];
  const path = printable(closed[0]);
  return [
    folders.trouble({
      check: 'StateDirUnreachable',
      level: 'problem',
      what: `The station's user cannot get through ${path} to its state directory ${printable(stateDir)}.`,
      todo: `Run \`chmod a+x ${shellWord(path)}\`, or put the state directory elsewhere.`,
    }),
  ];
};

// Made at the start; what is there already has to be the station's.
const judgeSocketFolders = (
  { controlDir, launchDir }: HostFacts,
  { uid, runDir }: Config['station'],
): readonly Finding[] =>
  [
    { name: 'control', facts: controlDir, forbidden: OTHERS_WRITE },
    { name: 'launch', facts: launchDir, forbidden: GROUP_AND_OTHERS },
  ].flatMap(({ name, facts, forbidden }) => {
    if (facts.kind !== 'there') return [];
    if (facts.type === 'folder' && facts.uid === uid && (facts.mode & forbidden) === 0) return [];
    return [
      folders.trouble({
        check: 'SocketFolder',
        level: 'problem',
        what: `The folder of sockets ${printable(runDir)}/${name} is not the station's own (owner ${String(facts.uid)}, mode ${octal(facts.mode)}).`,
        todo: 'Run `systemctl restart import-station-launch.socket import-station`, which makes it anew.',
      }),
    ];
  });

// Whoever can write it can name the loaders' user, and what is a bay.
const judgeConfigFile = (facts: PathFacts, configPath: string): Finding => {
  const path = printable(configPath);
  if (facts.kind !== 'there')
    return hidden('ConfigHidden', path, facts.kind === 'hidden' ? facts.message : 'it is gone');
  return facts.uid === ROOT && (facts.mode & OTHERS_WRITE) === 0
    ? folders.ok('ConfigFile', `Only root can change ${path}.`)
    : folders.trouble({
        check: 'ConfigWritable',
        level: 'problem',
        what: `The configuration ${path} can be changed by others than root (owner ${String(facts.uid)}, mode ${octal(facts.mode)}), and the launcher runs as root by it.`,
        todo: `Run \`chown root: ${shellWord(path)} && chmod 0644 ${shellWord(path)}\`.`,
      });
};

const secrets = reporterFor('secrets');
const STORE_KEY_BYTES = 32;

/** The key of the store and the password of the mail server; never what is in them. */
export const judgeSecrets = (facts: HostFacts, config: Config): readonly Finding[] => [
  judgeStoreKey(facts, config),
  ...(facts.smtpPassword === undefined
    ? []
    : [judgeSecret(facts.smtpPassword, SMTP_PASSWORD, { config, unit: facts.unit })]),
];

interface SecretWords {
  readonly check: string;
  readonly name: string;
  readonly credential: string;
}

const STORE_KEY: SecretWords = { check: 'StoreKey', name: 'key of the store', credential: 'store-key' };
const SMTP_PASSWORD: SecretWords = {
  check: 'SmtpPassword',
  name: 'password of the mail server',
  credential: 'smtp-password',
};

const judgeStoreKey = (facts: HostFacts, config: Config): Finding => {
  const { storeKey, store } = facts;
  const { file, credential, path } = storeKey;
  if (credential === undefined && file.kind === 'missing' && store.kind === 'missing') {
    return secrets.note(
      'StoreKeyNotYet',
      `The store's key ${printable(path)} is made with the store, at the first start.`,
    );
  }
  if (file.kind === 'there' && file.type === 'file' && file.sizeBytes !== STORE_KEY_BYTES) {
    return secrets.trouble({
      check: 'StoreKeySize',
      level: 'problem',
      what: `The store's key ${printable(path)} has ${String(file.sizeBytes)} bytes, expected ${String(STORE_KEY_BYTES)}.`,
      todo: 'Put it back from its backup; without it the keys of all accounts must be entered anew.',
    });
  }
  return judgeSecret(storeKey, STORE_KEY, { config, unit: facts.unit });
};

const judgeSecret = (
  { path, file, credential }: SecretFacts,
  { check, name, credential: credentialName }: SecretWords,
  {
    config: {
      station: { uid },
    },
    unit,
  }: { readonly config: Config; readonly unit: HostFacts['unit'] },
): Finding => {
  const shown = printable(path);
  const line = `LoadCredentialEncrypted=${credentialName}:import-station.${credentialName}`;
  switch (file.kind) {
    case 'missing':
      if (credential !== undefined && unit?.includes(line) === false) {
        return secrets.trouble({
          check: `${check}NotLoaded`,
          level: 'warning',
          what: `The ${name} is sealed in ${printable(credential)}, but the unit does not load it.`,
          todo: `Add \`${line}\` below [Service] by \`systemctl edit import-station\`, and restart it.`,
        });
      }
      if (credential !== undefined) {
        return secrets.ok(check, `The ${name} is the sealed credential ${printable(credential)}.`);
      }
      return secrets.trouble({
        check: `${check}Missing`,
        level: 'problem',
        what: `The ${name} is not there: neither ${shown} nor a credential.`,
        todo: `Put it there with mode 0600 for user ${String(uid)}, or seal it: \`systemd-creds encrypt --name=${credentialName} FILE /etc/credstore.encrypted/import-station.${credentialName}\` (the unit loads it by \`${line}\`).`,
      });
    case 'hidden':
      return secrets.trouble({
        check: `${check}Hidden`,
        level: 'unknown',
        what: `The ${name} in ${shown} could not be looked at: ${file.message}.`,
        todo: 'Run `import-station doctor` as root.',
      });
    case 'there': {
      const isOwn = file.uid === uid;
      const forbidden = isOwn ? GROUP_AND_OTHERS : CREDENTIAL_FORBIDDEN;
      const isFine = file.type === 'file' && (isOwn || file.uid === ROOT) && (file.mode & forbidden) === 0;
      return isFine
        ? secrets.ok(check, `Nobody but the station can read the ${name} in ${shown}.`)
        : secrets.trouble({
            check: `${check}Open`,
            level: 'problem',
            what: `The ${name} in ${shown} is not a plain file of the station alone (owner ${String(file.uid)}, mode ${octal(file.mode)}); the daemon refuses it.`,
            todo: `Run \`chown ${String(uid)} ${shellWord(shown)} && chmod 0600 ${shellWord(shown)}\`; if others have read it, change it.`,
          });
    }
  }
};

const disk = reporterFor('disk');
/** Below this a load is held before it begins. */
const LEAST_BYTES = 32 * MIB;
const FEW_BYTES = GIB;
const FEW_SHARE = 0.05;
const PERCENT = 100;

/** Room for working logs, which grow by some 600 bytes for each file of a drive. */
export const judgeDisk = (room: DiskRoom | undefined, stateDir: string): readonly Finding[] => {
  const path = printable(stateDir);
  if (room === undefined) {
    const what = `How full the disk of ${path} is could not be seen.`;
    return [
      disk.trouble({ check: 'DiskHidden', level: 'unknown', what, todo: `Look with \`df ${shellWord(path)}\`.` }),
    ];
  }
  const { sizeBytes, freeBytes, inodes, freeInodes, isReadOnly } = room;
  const todo = `Make room on the disk of ${path}; logs of loads whose jobs are long over may go (\`${path}/loads\`).`;
  const free = `${formatSize(freeBytes)} of ${formatSize(sizeBytes)} are free for ${path}`;
  if (isReadOnly) {
    const what = `The disk of ${path} is mounted read-only.`;
    return [
      disk.trouble({
        check: 'DiskReadOnly',
        level: 'problem',
        what,
        todo: 'Look into `dmesg` why, then mount it writable.',
      }),
    ];
  }
  const isShort = freeBytes < FEW_BYTES || freeBytes < sizeBytes * FEW_SHARE;
  const bytes =
    freeBytes < LEAST_BYTES
      ? disk.trouble({ check: 'DiskFull', level: 'problem', what: `Only ${free}: no load begins.`, todo })
      : isShort
        ? disk.trouble({ check: 'DiskFills', level: 'warning', what: `Only ${free}.`, todo })
        : disk.ok('Disk', `${free}.`);
  if (inodes === 0 || freeInodes >= inodes * FEW_SHARE) return [bytes];
  const level = freeInodes === 0 ? 'problem' : 'warning';
  const share = Math.round((PERCENT * freeInodes) / inodes);
  const what = `Only ${String(share)} % of the inodes of the disk of ${path} are free.`;
  return [bytes, disk.trouble({ check: 'DiskInodes', level, what, todo })];
};
