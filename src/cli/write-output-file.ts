// Writes a small file so that it is there whole or not at all, also on a drive that is pulled out right after.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileProblem } from './read-input.ts';
import { refused, type Answer } from './refusal.ts';

const READABLE_BY_ALL = 0o644;

/** Replaces the file at `path`; a link that stands there is replaced, not followed. */
export const writeOutputFile = (path: string, bytes: Uint8Array): Answer<undefined> => {
  const newPath = `${path}.new`;
  try {
    writeDurably(newPath, bytes);
    renameInto(newPath, path);
    syncFolder(dirname(path));
    return { kind: 'ok', value: undefined };
  } catch (error: unknown) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    return refused('FileUnreadable', { file: path, message: fileProblem(error) });
  }
};

const writeDurably = (path: string, bytes: Uint8Array): void => {
  rmSync(path, { force: true });
  const descriptor = openSync(path, 'wx', READABLE_BY_ALL);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } catch (error: unknown) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
};

// Nothing half done stays on a customer's drive.
const renameInto = (newPath: string, path: string): void => {
  try {
    renameSync(newPath, path);
  } catch (error: unknown) {
    rmSync(newPath, { force: true });
    throw error;
  }
};

const syncFolder = (folder: string): void => {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } catch (error: unknown) {
    // Some file systems, FUSE drivers among them, cannot sync a folder (fsync(2)).
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EINVAL') throw error;
  } finally {
    closeSync(descriptor);
  }
};
