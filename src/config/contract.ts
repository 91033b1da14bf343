// The station's configuration after reading: frozen, every default filled in. The schema and the reader live beside it.

/** A bay as configured: a port with a name that a technician can read. One of idPath and backingFile is given. */
export interface BayConfig {
  readonly name: string;
  readonly port: {
    /** `ID_PATH` of udev. */
    readonly idPath?: string;
    /** Absolute path of a loop image. */
    readonly backingFile?: string;
  };
}

/** Limits of one load. */
export interface LoadLimits {
  /** Files larger than this go by multipart upload (spec 8.4; ours: 100 MB is theirs, 16 MiB keeps the pipe full). */
  readonly multipartThresholdBytes: number;
  readonly partSizeBytes: number;
  readonly maxBytesInFlight: number;
  readonly maxRequestsInFlight: number;
  readonly readerThreads: number;
  /** Deepest folder that is walked. */
  readonly maxDepth: number;
}

/** The configuration file, `/etc/import-station/import-station.toml`. */
export interface Config {
  readonly station: {
    readonly name: string;
    /** Durable state, default `/var/lib/import-station`. */
    readonly stateDir: string;
    /** Sockets, default `/run/import-station`. */
    readonly runDir: string;
    /** Unprivileged user and group of the daemon, numeric. */
    readonly uid: number;
    readonly gid: number;
    /** File with the key that encrypts accounts' secrets (0600); default: credential `store-key`, else `STATEDIR/store-key`. */
    readonly storeKeyFile: string;
  };
  readonly launch: {
    /** Default `RUNDIR/launch/launch.sock`. */
    readonly socket: string;
    readonly loaderUid: number;
    readonly loaderGid: number;
  };
  readonly watch: {
    /** Folder that chokidar watches, `/dev/disk`. */
    readonly folder: string;
    /** Milliseconds between two reconciles without a hint. */
    readonly everyMs: number;
    readonly debounceMs: number;
  };
  readonly load: LoadLimits;
  readonly log: {
    /** `escape_formulas` of the published log (decision 3). */
    readonly formulaGuard: boolean;
    readonly lineEnd: 'lf' | 'crlf';
  };
  readonly journal: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
  readonly jobs: { readonly perDay: number; readonly expiryDays: number };
  readonly bays: readonly BayConfig[];
}
