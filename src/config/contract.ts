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
  /** A file that claims more bytes than this beyond those that the drive holds of it waits for a person. */
  readonly sparseHoldBytes: number;
}

/** How mail is sent. */
export interface MailConfig {
  readonly host: string;
  readonly port: number;
  /** `none` is for a server on this host alone. */
  readonly security: 'starttls' | 'tls' | 'none';
  /** Absent: the server wants no name. */
  readonly user?: string;
  /** File with the password of `user`; default: credential `smtp-password`, else `STATEDIR/smtp-password`. */
  readonly passwordFile: string;
  /** PEM of the authority that vouches for the server; absent: those that Node knows. */
  readonly certificateAuthorityFile?: string;
  /** Address that mail comes from. */
  readonly from: string;
  /** Address of the people who run the station. */
  readonly operator: string;
  /** Milliseconds that the server may be silent. */
  readonly timeoutMs: number;
  /** Wait after the first attempt that failed; it doubles up to `longestPauseMs`. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** A message that the server refuses for this long is given up; a server that is away is waited for without end. */
  readonly giveUpMs: number;
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
    /** A drive whose job was never said to be received is held instead of being taken as received. */
    readonly requireReceive: boolean;
    /** `release` also deletes the SCSI device, so that a drive spins down. */
    readonly spinDown: boolean;
  };
  readonly launch: {
    /** Default `RUNDIR/launch/launch.sock`. */
    readonly socket: string;
    readonly loaderUid: number;
    readonly loaderGid: number;
  };
  /** Groups that may open the control sockets, by name or number; absent: the daemon's own group. */
  readonly control: {
    readonly readGroup?: string;
    readonly technicianGroup?: string;
    readonly operatorGroup?: string;
  };
  readonly watch: {
    /** Folder that chokidar watches, `/dev/disk`. */
    readonly folder: string;
    /** Milliseconds between two reconciles without a hint. */
    readonly everyMs: number;
    readonly debounceMs: number;
  };
  readonly load: LoadLimits & {
    /** `reread`: the drive is read a second time and compared (spec 8.4). */
    readonly verify: 'none' | 'reread';
  };
  readonly log: {
    /** `escape_formulas` of the published log (decision 3). */
    readonly formulaGuard: boolean;
    readonly lineEnd: 'lf' | 'crlf';
  };
  readonly journal: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
  readonly jobs: {
    /** Jobs that one account may create within 24 hours (spec 3.4). */
    readonly perDay: number;
    /** Days until a job expires (spec 3.1). */
    readonly expiryDays: number;
    /** A load with failed files waits for a person before its log is written. */
    readonly failedWait: boolean;
    /** Country of this facility, for the customs rule (spec 1.5); absent: the rule is not applied. */
    readonly facilityCountry?: string;
  };
  /** Absent: no mail is written. */
  readonly mail?: MailConfig;
  /** Loopback address and port for `/metrics` and `/healthz`; absent: on the control sockets alone. */
  readonly metrics?: { readonly host: string; readonly port: number };
  readonly bays: readonly BayConfig[];
}

/** One finding of the configuration; all of a file are reported at once. */
export interface ConfigProblem {
  /** Dotted path of the key as the file spells it (`bay[1].port`, counted from 0); empty for the file as a whole. */
  readonly path: string;
  /** What stands there, printable and cut; absent where nothing does. */
  readonly value?: string;
  /** 1-based line, where known. */
  readonly line?: number;
  /** What is wrong and what is expected, printable. */
  readonly message: string;
}

/** What reading the configuration gives: the configuration, or every finding. */
export type ConfigResult =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'problem'; readonly problems: readonly ConfigProblem[] };
