// What a host is like, as far as it can be seen: the values that the judges get and the probes give.

/** A file or folder. */
export type PathFacts =
  | { readonly kind: 'missing' }
  /** It may not be looked at by whoever runs this. */
  | { readonly kind: 'hidden'; readonly message: string }
  | {
      readonly kind: 'there';
      readonly type: 'file' | 'folder' | 'socket' | 'link' | 'other';
      readonly uid: number;
      readonly gid: number;
      /** The twelve bits of chmod(1). */
      readonly mode: number;
      readonly sizeBytes: number;
    };

/** The disk below a folder. */
export interface DiskRoom {
  readonly sizeBytes: number;
  readonly freeBytes: number;
  /** 0 of 0 where the file system does not count them. */
  readonly inodes: number;
  readonly freeInodes: number;
  readonly isReadOnly: boolean;
}

/** A file or text that may not be there, or not be readable. */
export type TextFacts =
  | { readonly kind: 'missing' }
  | { readonly kind: 'hidden'; readonly message: string }
  | { readonly kind: 'text'; readonly text: string };

/** What the kernel and the host can read. */
export interface DriverFacts {
  /** Types that the running kernel knows now (/proc/filesystems); undefined where that cannot be seen. */
  readonly registered: ReadonlySet<string> | undefined;
  /** Names of modules that it could load; undefined where that cannot be seen. */
  readonly loadable: ReadonlySet<string> | undefined;
  readonly hasFuseDevice: boolean;
}

/** What is known of a service's socket. */
export type SocketFacts = 'answers' | 'nobody listens' | 'missing' | 'hidden' | 'no socket';

/** The host. */
export interface HostFacts {
  /** Whoever runs this is root. */
  readonly isRoot: boolean;
  readonly nodeVersion: string;
  readonly kernelRelease: string;
  readonly config: PathFacts;
  readonly stateDir: PathFacts;
  /** Folders above the state directory, from the top. */
  readonly aboveStateDir: readonly (readonly [path: string, facts: PathFacts])[];
  readonly runDir: PathFacts;
  /** Folder of the control sockets. */
  readonly controlDir: PathFacts;
  /** Folder of the launcher's socket. */
  readonly launchDir: PathFacts;
  /** Numbers of the configuration that a user, or a group, of this host has; undefined where nobody says. */
  readonly knownUids: ReadonlySet<number> | undefined;
  readonly knownGids: ReadonlySet<number> | undefined;
  /** Text of the daemon's unit with its drop-ins; undefined where there is none. */
  readonly unit: string | undefined;
  readonly store: PathFacts;
  readonly disk: DiskRoom | undefined;
  readonly storeKey: SecretFacts;
  /** Undefined where no password is needed. */
  readonly smtpPassword: SecretFacts | undefined;
  readonly drivers: DriverFacts;
  /** Programs of the host by name: found in the folders of the system or not. */
  readonly programs: ReadonlyMap<string, boolean>;
  /** Can a mount namespace be made? Undefined where only root could tell. */
  readonly canMount: boolean | undefined;
  readonly isUdevRunning: boolean;
  readonly udevRule: TextFacts;
  readonly controlSockets: ReadonlyMap<string, SocketFacts>;
  readonly launcherSocket: SocketFacts;
  /** Groups that the configuration names and the host knows, with their numbers. */
  readonly groups: ReadonlyMap<string, number>;
  readonly controlPaths: ReadonlyMap<string, PathFacts>;
  /** Is the clock kept by a time service? Undefined where nobody says. */
  readonly isClockSynchronised: boolean | undefined;
}

/** A file with a secret, or the sealed credential that stands in for it. */
export interface SecretFacts {
  readonly path: string;
  readonly file: PathFacts;
  /** Where the credential lies that the unit would load; undefined where there is none. */
  readonly credential: string | undefined;
}
