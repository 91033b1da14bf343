// Which file has which key, where substitutions may give two files the same one (decision 16). On disk, because a drive
// may hold more names than memory; rebuilt from the working log whenever a loader starts (decision 13), so it need not
// survive a crash.

import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { stateDiskError } from '#import-log/state-disk.ts';

/** The keys that are taken. Every call throws StationError StateDiskFull or StateDiskFailed where the disk refuses. */
export interface KeyIndex extends Disposable {
  /** True where the key was free or is this path's already. `path` is base64 of the raw bytes. */
  claim(key: string, path: string): boolean;
  /** Gives a key back; only its holder can. */
  release(key: string, path: string): void;
}

/** Makes an empty index at `path`, in place of a former one. Throws as its calls do. */
export const createKeyIndex = (path: string): KeyIndex => {
  const onDisk = <Result>(call: () => Result): Result => {
    try {
      return call();
    } catch (cause: unknown) {
      throw stateDiskError({ action: 'write', path, cause });
    }
  };
  const index = onDisk(() => openIndex(path));
  return {
    claim: (key, owner) => onDisk(() => index.claim(key, owner)),
    release: (key, owner) => {
      onDisk(() => {
        index.release(key, owner);
      });
    },
    [Symbol.dispose]: () => {
      index[Symbol.dispose]();
    },
  };
};

const openIndex = (path: string): KeyIndex => {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
  database.exec('CREATE TABLE keys (key TEXT PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID');
  const insert = database.prepare('INSERT OR IGNORE INTO keys (key, path) VALUES (?, ?)');
  const select = database.prepare('SELECT path FROM keys WHERE key = ?');
  const remove = database.prepare('DELETE FROM keys WHERE key = ? AND path = ?');
  return {
    claim: (key, owner) => {
      insert.run(key, owner);
      return select.get(key)?.['path'] === owner;
    },
    release: (key, owner) => {
      remove.run(key, owner);
    },
    [Symbol.dispose]: () => {
      database.close();
    },
  };
};
