// The program, file systems, tools and udev of a host: pure, over what the probes saw.

import type { Config } from '#config/contract.ts';
import { UDEV_RULE_PATH, udevRule } from '#config/udev-rule.ts';
import { FILE_SYSTEMS, mountOptions } from '#drive/mount-options.ts';
import type { HostFacts } from './facts.ts';
import { reporterFor, type Finding } from './finding.ts';

const program = reporterFor('program');
const OLDEST_NODE = 26;

/** The Node that runs this, which is the one that runs the station. */
export const judgeProgram = ({ nodeVersion, isRoot }: HostFacts): readonly Finding[] => {
  const major = Number(/^v(?<major>\d+)/u.exec(nodeVersion)?.groups?.['major']);
  return [
    major >= OLDEST_NODE
      ? program.ok('Node', `Node is ${nodeVersion}.`)
      : program.trouble({
          check: 'NodeTooOld',
          level: 'problem',
          what: `Node is ${nodeVersion}, expected v${String(OLDEST_NODE)} or newer.`,
          todo: 'Run the station by its own `import-station`, which brings its Node.',
        }),
    ...(isRoot ? [] : [program.note('NotRoot', 'This is not run as root, so not everything can be looked at.')]),
  ];
};

const users = reporterFor('users');

/** Are the numbers of the configuration users of this host? The station works without; people read `ls -l` and `ps`. */
export const judgeUsers = ({ knownUids, knownGids }: HostFacts, { station, launch }: Config): readonly Finding[] => {
  if (knownUids === undefined || knownGids === undefined) {
    const what = 'Which users this host has could not be seen.';
    return [users.trouble({ check: 'UsersHidden', level: 'unknown', what, todo: 'Look with `getent passwd`.' })];
  }
  const wanted = [
    { what: 'user', key: 'station.uid', id: station.uid, known: knownUids },
    { what: 'group', key: 'station.gid', id: station.gid, known: knownGids },
    { what: 'user', key: 'launch.loader_uid', id: launch.loaderUid, known: knownUids },
    { what: 'group', key: 'launch.loader_gid', id: launch.loaderGid, known: knownGids },
  ];
  const missing = wanted.filter(({ id, known }) => !known.has(id));
  if (missing.length === 0) return [users.ok('Users', 'The users and groups of the configuration exist.')];
  return missing.map(({ what, key, id }) =>
    users.trouble({
      check: 'UserMissing',
      level: 'warning',
      what: `No ${what} of this host has the number ${String(id)}, which ${key} names.`,
      todo: "Make it by `systemd-sysusers` from the station's sysusers file, or correct the number in the configuration.",
    }),
  );
};

const fileSystems = reporterFor('file systems');

/** Debian's packages of FUSE drivers. */
const FUSE_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['exfat-fuse', 'exfat-fuse'],
  ['ntfs-3g', 'ntfs-3g'],
]);

/** Each type that customers' drives may have: what would mount it here. */
export const judgeFileSystems = ({ drivers, programs, kernelRelease }: HostFacts): readonly Finding[] =>
  FILE_SYSTEMS.map((type) => {
    const options = mountOptions(type);
    const attempts = options.kind === 'mount' ? options.attempts : [];
    const kernels = attempts.filter(({ driver }) => driver === 'kernel').map(({ fsType }) => fsType);
    const helpers = attempts.filter(({ driver }) => driver === 'fuse').map(({ fsType }) => fsType);
    const inKernel = kernels.find((name) => drivers.registered?.has(name) === true);
    if (inKernel !== undefined) return fileSystems.ok(`FileSystem_${type}`, `${type}: the kernel reads it.`);
    const module = kernels.find((name) => drivers.loadable?.has(moduleOf(name)) === true);
    if (module !== undefined)
      return fileSystems.ok(`FileSystem_${type}`, `${type}: the module ${module} is there to be loaded.`);
    const helper = helpers.find((name) => programs.get(`mount.${name}`) === true || programs.get(name) === true);
    if (helper !== undefined && drivers.hasFuseDevice) {
      return fileSystems.ok(`FileSystem_${type}`, `${type}: ${helper} reads it.`);
    }
    return unreadable(type, helpers[0], { drivers, kernelRelease, hasHelper: helper !== undefined });
  });

const unreadable = (
  type: string,
  helper: string | undefined,
  { drivers, kernelRelease, hasHelper }: Pick<HostFacts, 'drivers' | 'kernelRelease'> & { readonly hasHelper: boolean },
): Finding => {
  const check = `FileSystem_${type}`;
  if (hasHelper) {
    return fileSystems.trouble({
      check,
      level: 'warning',
      what: `${type}: ${helper ?? 'its driver'} is there, but /dev/fuse is not.`,
      todo: 'Load the module: `modprobe fuse`.',
    });
  }
  const byPackage = FUSE_PACKAGES.get(helper ?? '');
  const isSeen = drivers.loadable !== undefined && drivers.registered !== undefined;
  if (byPackage !== undefined) {
    return fileSystems.trouble({
      check,
      level: isSeen ? 'warning' : 'unknown',
      what: isSeen
        ? `${type}: neither the kernel nor a driver of this host reads it; such drives are held.`
        : `${type}: no driver is installed, and what kernel ${kernelRelease} could load cannot be seen.`,
      todo: `Run \`apt install ${byPackage}\`.`,
    });
  }
  return fileSystems.trouble({
    check,
    level: isSeen ? 'warning' : 'unknown',
    what: isSeen
      ? `${type}: the kernel ${kernelRelease} has no driver for it; such drives are held.`
      : `${type}: what kernel ${kernelRelease} knows or could load cannot be seen in full.`,
    todo: `Use a kernel that has it, such as Debian's own; try with \`modprobe ${moduleOf(type)}\`.`,
  });
};

const MODULES: ReadonlyMap<string, string> = new Map([
  ['ext2', 'ext4'],
  ['ext3', 'ext4'],
  ['iso9660', 'isofs'],
]);

const moduleOf = (type: string): string => MODULES.get(type) ?? type;

const tools = reporterFor('tools');

/** Programs that the station runs, by Debian's package. */
export const TOOLS: ReadonlyMap<string, string> = new Map([
  ['lsblk', 'util-linux'],
  ['blkid', 'util-linux'],
  ['blockdev', 'util-linux'],
  ['partx', 'util-linux'],
  ['unshare', 'util-linux'],
  ['prlimit', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['pivot_root', 'util-linux'],
  ['mount', 'mount'],
  ['umount', 'mount'],
  ['chgrp', 'coreutils'],
  ['systemd-notify', 'systemd'],
]);

/** The programs, and whether this host lets anyone mount. */
export const judgeTools = ({ programs, canMount, drivers }: HostFacts): readonly Finding[] => {
  const missing = [...TOOLS].filter(([name]) => programs.get(name) !== true);
  const found =
    missing.length === 0
      ? [tools.ok('Tools', 'All programs that the station runs are there.')]
      : missing.map(([name, debianPackage]) =>
          tools.trouble({
            check: 'ToolMissing',
            level: 'problem',
            what: `The program ${name} is not there.`,
            todo: `Run \`apt install ${debianPackage}\`.`,
          }),
        );
  return [
    ...found,
    judgeMounts(canMount),
    drivers.hasFuseDevice
      ? tools.ok('Fuse', '/dev/fuse is there.')
      : tools.trouble({
          check: 'FuseMissing',
          level: 'warning',
          what: '/dev/fuse is not there, so no driver in user space can read a drive.',
          todo: 'Run `modprobe fuse`.',
        }),
  ];
};

const judgeMounts = (canMount: boolean | undefined): Finding => {
  switch (canMount) {
    case true:
      return tools.ok('Mounts', 'Root can make a mount namespace here.');
    case false:
      return tools.trouble({
        check: 'NoMounts',
        level: 'problem',
        what: 'Not even root can make a mount namespace here, so no drive can be mounted.',
        todo: 'Run the station on a host of its own; in a container, give it CAP_SYS_ADMIN.',
      });
    case undefined:
      return tools.trouble({
        check: 'MountsHidden',
        level: 'unknown',
        what: 'Whether drives can be mounted only root can tell.',
        todo: 'Run `import-station doctor` as root.',
      });
  }
};

const udev = reporterFor('udev');
const WRITE_RULE = `\`import-station config udev > ${UDEV_RULE_PATH} && udevadm control --reload\``;

/** udev and the rule for the bays. */
export const judgeUdev = ({ isUdevRunning, udevRule: rule }: HostFacts, { bays }: Config): readonly Finding[] => {
  if (bays.every(({ port }) => port.idPath === undefined)) {
    return [udev.note('UdevNotNeeded', 'All bays are images, so udev is not needed.')];
  }
  const daemon = isUdevRunning
    ? udev.ok('Udev', 'udev runs.')
    : udev.trouble({
        check: 'UdevNotRunning',
        level: 'problem',
        what: 'udev does not run, so nobody says which port a drive is in.',
        todo: 'Run `systemctl start systemd-udevd`; in a container, use a host of its own.',
      });
  return [daemon, judgeRule(rule, bays)];
};

const judgeRule = (rule: HostFacts['udevRule'], bays: Config['bays']): Finding => {
  switch (rule.kind) {
    case 'missing':
      return udev.trouble({
        check: 'UdevRuleMissing',
        level: 'warning',
        what: `${UDEV_RULE_PATH} is not there: other programs may take hold of a drive in a bay before the station does.`,
        todo: `Run ${WRITE_RULE}.`,
      });
    case 'hidden':
      return udev.trouble({
        check: 'UdevRuleHidden',
        level: 'unknown',
        what: `${UDEV_RULE_PATH} could not be read: ${rule.message}.`,
        todo: 'Run `import-station doctor` as root.',
      });
    case 'text':
      return rule.text.trimEnd() === udevRule(bays).join('\n')
        ? udev.ok('UdevRule', 'The udev rule is the one for the bays of the configuration.')
        : udev.trouble({
            check: 'UdevRuleOld',
            level: 'warning',
            what: `${UDEV_RULE_PATH} is not the rule for the bays of the configuration.`,
            todo: `Run ${WRITE_RULE}.`,
          });
  }
};
