// Daemon, launcher, their sockets, and the service that keeps the clock: pure, over what the probes saw.

import type { Config } from '#config/contract.ts';
import type { HostFacts, SocketFacts } from './facts.ts';
import { reporterFor, type Finding } from './finding.ts';

const services = reporterFor('services');
const SOCKET_MODE = 0o660;

/** Daemon, launcher and the sockets of each right. */
export const judgeServices = (facts: HostFacts, config: Config): readonly Finding[] => [
  judgeDaemon([...facts.controlSockets.values()]),
  ...judgeSockets(facts, config),
  judgeLauncher(facts.launcherSocket),
];

const judgeDaemon = (sockets: readonly SocketFacts[]): Finding => {
  if (sockets.includes('answers')) return services.ok('Daemon', 'The daemon runs and listens.');
  if (sockets.includes('hidden')) {
    return services.trouble({
      check: 'DaemonHidden',
      level: 'unknown',
      what: 'Whether the daemon runs could not be seen: its sockets are not for you.',
      todo: "Run `import-station doctor` as root, or as a member of the station's groups.",
    });
  }
  return services.trouble({
    check: 'DaemonNotRunning',
    level: 'warning',
    what: 'The daemon does not run.',
    todo: 'Run `systemctl start import-station`; if it does not stay, `journalctl -u import-station` says why.',
  });
};

const judgeSockets = ({ controlPaths, groups }: HostFacts, { control, station }: Config): readonly Finding[] => {
  const wanted: readonly (readonly [right: string, group: string | undefined])[] = [
    ['read', control.readGroup],
    ['technician', control.technicianGroup],
    ['operator', control.operatorGroup],
  ];
  return wanted.flatMap(([right, group]) =>
    judgeSocket(right, group, { path: controlPaths.get(right), groups, ownGid: station.gid }),
  );
};

const judgeSocket = (
  right: string,
  group: string | undefined,
  { path, groups, ownGid }: SocketContext,
): readonly Finding[] => {
  const gid = group === undefined ? ownGid : /^\d+$/u.test(group) ? Number(group) : groups.get(group);
  const name = group ?? `of the station (${String(ownGid)})`;
  if (gid === undefined) {
    return [
      services.trouble({
        check: 'GroupMissing',
        level: 'problem',
        what: `The group ${name}, which control.${right}_group names, does not exist.`,
        todo: `Run \`groupadd --system ${name}\` and put the station's user into it, or correct the configuration.`,
      }),
    ];
  }
  if (path?.kind !== 'there') return [];
  return path.gid === gid && path.mode === SOCKET_MODE
    ? [services.ok(`Socket_${right}`, `The socket for ${right} is that of the group ${name}.`)]
    : [
        services.trouble({
          check: `Socket_${right}`,
          level: 'warning',
          what: `The socket for ${right} is not open to the group ${name} alone.`,
          todo: 'Run `systemctl restart import-station`, which makes the sockets anew.',
        }),
      ];
};

interface SocketContext {
  readonly path: ReturnType<HostFacts['controlPaths']['get']>;
  readonly groups: HostFacts['groups'];
  readonly ownGid: number;
}

const judgeLauncher = (socket: SocketFacts): Finding => {
  switch (socket) {
    case 'answers':
      return services.ok('Launcher', "The launcher's socket is there.");
    case 'hidden':
      return services.trouble({
        check: 'LauncherHidden',
        level: 'unknown',
        what: "The launcher's socket could not be looked at.",
        todo: 'Run `import-station doctor` as root.',
      });
    case 'nobody listens':
    case 'missing':
    case 'no socket':
      return services.trouble({
        check: 'LauncherNotRunning',
        level: 'warning',
        what: "The launcher's socket is not there, so no drive can be opened.",
        todo: 'Run `systemctl enable --now import-station-launch.socket`; without systemd, `import-station launch-server` as root.',
      });
  }
};

const clock = reporterFor('clock');

/** Is the clock kept right by anyone? */
export const judgeClock = ({ isClockSynchronised }: HostFacts): readonly Finding[] => {
  switch (isClockSynchronised) {
    case true:
      return [clock.ok('ClockSynchronised', 'The clock is kept by a time service.')];
    case false:
      return [
        clock.trouble({
          check: 'ClockNotSynchronised',
          level: 'warning',
          what: 'The clock of this host is not synchronised: once it is off by 5 minutes no load begins.',
          todo: 'Run `timedatectl set-ntp true`.',
        }),
      ];
    case undefined:
      return [
        clock.trouble({
          check: 'ClockUnknown',
          level: 'unknown',
          what: 'Whether a time service keeps the clock of this host could not be seen.',
          todo: 'Look with `timedatectl`, or let this compare it with a bucket: `import-station doctor --account EMAIL --bucket NAME`.',
        }),
      ];
  }
};
