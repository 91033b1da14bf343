// What the loader's main thread and its reader threads say to each other: several questions or answers in one message,
// and those about whole files in columns, for a message of objects costs more than a small file.

/** Which file, and what the walk saw of it. */
export interface FileToRead {
  /** Descriptor of its open directory, held for as long as the file is read. */
  readonly directoryFd: number;
  /** Its name as latin1, which keeps every byte. */
  readonly name: string;
  /** Size that the walk found; the file must still have it. */
  readonly sizeBytes: number;
}

/** Where the bytes go. */
export interface Target {
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

/** What a thread is asked. `id` numbers the questions; `file` names an open file by the id of its `open`. */
export type ReaderRequest = { readonly id: number } & (
  | { readonly kind: 'whole'; readonly file: FileToRead; readonly target: Target }
  | { readonly kind: 'open'; readonly file: FileToRead }
  | { readonly kind: 'part'; readonly openId: number; readonly target: Target }
  | { readonly kind: 'finish'; readonly openId: number }
  /** Lets go of an open file; has no answer. */
  | { readonly kind: 'close'; readonly openId: number }
);

/** Questions of kind `whole` whose bytes go into one memory. */
export interface WholeFiles {
  /** Absent: that of the thread's last ones. A memory is costly to name. */
  readonly memory?: SharedArrayBuffer;
  /** Four of each file: id, descriptor of the directory, size, offset of its bytes. */
  readonly numbers: readonly number[];
  /** As latin1, each followed by NUL. */
  readonly names: string;
}

/** What a thread is asked at once. */
export interface ReaderRequests {
  readonly whole?: WholeFiles;
  readonly others: readonly ReaderRequest[];
}

/** Bytes of a file, `to` excluded. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Why a file cannot be read. */
export interface ReadProblem {
  readonly kind: 'problem';
  /** ReadError: the system refuses. FileChanged: it is not what the walk saw (decision 23). */
  readonly code: 'ReadError' | 'FileChanged';
  /** The system's code, or what has changed. */
  readonly detail: string;
  /** After EIO: what cannot be read, as far as the file was looked at. */
  readonly unread?: { readonly ranges: readonly ByteRange[]; readonly seenBytes: number };
}

/** What a thread answers. Digests are hex. */
export type ReaderReply = { readonly id: number } & (
  | { readonly kind: 'whole'; readonly md5: string; readonly sha256?: string }
  | { readonly kind: 'finish'; readonly md5: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'part'; readonly crc32: number; readonly sha256?: string }
  | ReadProblem
);

/** Answers of kind `whole`. */
export interface WholeReplies {
  readonly ids: readonly number[];
  /** Of each the MD5, and the SHA-256 behind it where the thread signs. */
  readonly digests: string;
}

/** What a thread answers at once. */
export interface ReaderReplies {
  readonly whole: WholeReplies;
  readonly others: readonly ReaderReply[];
}

/** What a thread works on. */
export interface ReaderThreadData {
  /**
   * Three 64-bit counters of all threads. The first is raised with each answer of the system: a drive that hangs leaves it
   * still. The second counts the threads' processor time, in microseconds. The third counts answers that were EIO.
   */
  readonly counters: SharedArrayBuffer;
  /** Large files are read past the system's cache. */
  readonly readsDirectly: boolean;
  /** The SHA-256 of each body is wanted, too. */
  readonly isSigned: boolean;
}
