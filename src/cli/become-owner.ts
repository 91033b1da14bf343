// The right to open the store without a daemon: only as the owner of the state directory, whom root becomes.

import { chownSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '#config/contract.ts';
import { refused, type Answer } from './refusal.ts';

const ROOT = 0;
const OWNER_ONLY = 0o700;
const OWNER_ONLY_MASK = 0o077;

/** Makes sure that the process is the owner of the state directory; the change from root is for good. */
export const becomeOwner = ({ stateDir, uid, gid }: Config['station']): Answer<undefined> => {
  const ownUid = process.geteuid?.();
  if (ownUid === ROOT && uid !== ROOT) {
    // Before the daemon's first start there is no directory yet.
    if (stateDirOwner(stateDir) === undefined) createStateDir(stateDir, uid, gid);
    process.setgroups?.([gid]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  }
  const ownerUid = stateDirOwner(stateDir);
  if (ownerUid === 'unknown') return notOwner(stateDir);
  if (ownerUid === undefined) return refused('StoreUnreadable', { file: stateDir, message: 'there is no such folder' });
  if (process.geteuid?.() !== ownerUid) return notOwner(stateDir);
  process.umask(OWNER_ONLY_MASK);
  return { kind: 'ok', value: undefined };
};

const notOwner = (stateDir: string): Answer<undefined> =>
  refused('NotOwner', { message: `the daemon does not run, and ${stateDir} belongs to another user` });

// `unknown` where a folder above it may not be entered: then it is not ours either.
const stateDirOwner = (stateDir: string): number | 'unknown' | undefined => {
  try {
    return statSync(stateDir).uid;
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ENOENT') return undefined;
      if (error.code === 'EACCES') return 'unknown';
    }
    throw error;
  }
};

const createStateDir = (stateDir: string, uid: number, gid: number): void => {
  mkdirSync(dirname(stateDir), { recursive: true });
  mkdirSync(stateDir, { mode: OWNER_ONLY });
  chownSync(stateDir, uid, gid);
};
