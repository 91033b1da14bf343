// What the root of a mounted volume shows before anything of it is believed: SIGNATURE, what looks like one gone wrong,
// and whether there is anything to load.

import { constants, type Stats } from 'node:fs';
import { open, statfs, type FileHandle } from 'node:fs/promises';
import { printable } from '#language/printable.ts';
import { KIB } from '#language/units.ts';
import { directoryPath, pathInDirectory } from './held-directory.ts';
import { openListing } from './listing.ts';
import type { NameToLookAt } from './look.ts';
import { systemCode } from './system-code.ts';

/** The SIGNATURE of a volume's root. */
export type FoundSignature =
  /** Regular file of at most 4 KiB; its bytes as base64. */
  | { readonly kind: 'file'; readonly content: string }
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'unusable';
      readonly reason: 'link' | 'directory' | 'special' | 'too-large' | 'unreadable';
      readonly sizeBytes: number;
    };

/** What the root of a volume shows. */
export interface RootInspection {
  readonly signature: FoundSignature;
  /** Printable paths of what looks like a SIGNATURE gone wrong, at most 10. */
  readonly nearMisses: readonly string[];
  /** Names besides SIGNATURE and lost+found, counted up to 1,000. */
  readonly otherEntries: number;
  /** Bytes that the file system says are in use. */
  readonly usedBytes: number;
  /** Files and folders that the file system says it has; 0 where it does not count them (FAT, NTFS, btrfs). */
  readonly usedFiles: number;
}

const SIGNATURE_NAME = 'SIGNATURE';
/** Spec 2.1, ours: a SIGNATURE is 90 bytes. */
const MAX_SIGNATURE_BYTES = 4 * KIB;
/** Ours: a root that goes on for ever (damage, malice) ends here. */
const MAX_ROOT_NAMES = 10_000_000;
const MAX_COUNTED = 1000;
const MAX_NEAR_MISSES = 10;
/** First-level folders that are looked into, and names that are read of each. */
const MAX_FOLDERS = 100;
const MAX_FOLDER_NAMES = 1000;
/** Names that the kernel is asked for at a time. */
const NAMES_AT_ONCE = 32;

// What editors, shells and copies make of the name: another case, an extension, "SIGNATURE (1)", a blank at either end.
const LIKE_SIGNATURE = /^\s*signature(?:[\s.~_(-].*)?$/isu;

// Never follows a link, never waits for the other end of a FIFO.
const SAFE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Looks at the root of a mounted volume; opens SIGNATURE, the root and its first-level folders, nothing else.
 * The name is compared byte for byte with the listing, because FAT and NTFS also open `Signature` under it.
 * Errors: what the system says where the root itself cannot be listed.
 * @param root absolute path of the mount.
 */
export const inspectRoot = async (root: string): Promise<RootInspection> => {
  await using directory = await open(root, constants.O_DIRECTORY | SAFE);
  const listing = await listRoot(directory);
  const signature: FoundSignature = listing.hasSignature ? await readSignature(directory) : { kind: 'missing' };
  const nearMisses = [...listing.nearMisses];
  if (signature.kind === 'file' && isUtf16(Buffer.from(signature.content, 'base64'))) {
    nearMisses.unshift(`${SIGNATURE_NAME} (written as UTF-16)`);
  }
  if (signature.kind === 'missing') nearMisses.push(...(await searchFolders(directory, listing.folders)));
  const usage = await statfs(directoryPath(directory.fd));
  return {
    signature,
    nearMisses: nearMisses.slice(0, MAX_NEAR_MISSES),
    otherEntries: listing.otherEntries,
    usedBytes: (usage.blocks - usage.bfree) * usage.bsize,
    usedFiles: Math.max(0, usage.files - usage.ffree),
  };
};

interface RootListing {
  readonly hasSignature: boolean;
  readonly nearMisses: readonly string[];
  /** Names as latin1, which keeps every byte. */
  readonly folders: readonly string[];
  readonly otherEntries: number;
}

const listRoot = async (directory: FileHandle): Promise<RootListing> => {
  const nearMisses: string[] = [];
  const folders: string[] = [];
  let hasSignature = false;
  let otherEntries = 0;
  for await (const entry of listNames(directoryPath(directory.fd), MAX_ROOT_NAMES)) {
    const { name } = entry;
    if (name === SIGNATURE_NAME) {
      hasSignature = true;
      continue;
    }
    // mkfs makes it; what fsck has put into it is a customer's all the same.
    const isEmpty = name === LOST_AND_FOUND && (await isEmptyFolder(directory, name));
    if (!isEmpty && otherEntries < MAX_COUNTED) otherEntries += 1;
    if (nearMisses.length < MAX_NEAR_MISSES && LIKE_SIGNATURE.test(name)) nearMisses.push(shown(name));
    if (entry.isDirectory && folders.length < MAX_FOLDERS) folders.push(name);
  }
  return { hasSignature, nearMisses, folders, otherEntries };
};

const LOST_AND_FOUND = 'lost+found';

const isEmptyFolder = async (directory: FileHandle, name: string): Promise<boolean> => {
  try {
    await using handle = await open(pathInDirectory(directory.fd, name), constants.O_DIRECTORY | SAFE);
    for await (const _ of listNames(directoryPath(handle.fd), 1)) return false;
    return true;
  } catch (error: unknown) {
    // What cannot be listed, or is no folder, may hold anything.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
};

const searchFolders = async (directory: FileHandle, folders: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const folder of folders) {
    if (found.length >= MAX_NEAR_MISSES) break;
    try {
      await using handle = await open(pathInDirectory(directory.fd, folder), constants.O_DIRECTORY | SAFE);
      for await (const { name } of listNames(directoryPath(handle.fd), MAX_FOLDER_NAMES)) {
        if (LIKE_SIGNATURE.test(name)) found.push(`${shown(folder)}/${shown(name)}`);
      }
    } catch (error: unknown) {
      // This is only a hint for the technician: a folder that cannot be listed gives none.
      systemCode(error);
    }
  }
  return found;
};

const readSignature = async (directory: FileHandle): Promise<FoundSignature> => {
  try {
    await using file = await open(pathInDirectory(directory.fd, SIGNATURE_NAME), SAFE);
    const stats = await file.stat();
    if (!stats.isFile()) return unusable(stats.isDirectory() ? 'directory' : 'special', stats);
    if (stats.size > MAX_SIGNATURE_BYTES) return unusable('too-large', stats);
    const content = await readUpTo(file, MAX_SIGNATURE_BYTES + 1);
    if (content.length > MAX_SIGNATURE_BYTES) return unusable('too-large', stats);
    return { kind: 'file', content: content.toString('base64') };
  } catch (error: unknown) {
    const code = systemCode(error);
    // ELOOP: O_NOFOLLOW met a link. ENXIO: a socket, or a device without a driver.
    if (code === 'ELOOP') return { kind: 'unusable', reason: 'link', sizeBytes: 0 };
    if (code === 'ENXIO') return { kind: 'unusable', reason: 'special', sizeBytes: 0 };
    return { kind: 'unusable', reason: 'unreadable', sizeBytes: 0 };
  }
};

const unusable = (reason: 'directory' | 'special' | 'too-large', { size }: Stats): FoundSignature => ({
  kind: 'unusable',
  reason,
  sizeBytes: size,
});

// A short read is not the end of a file: only a read of nothing is.
const readUpTo = async (file: FileHandle, limit: number): Promise<Buffer> => {
  const content = Buffer.alloc(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await file.read(content, length, limit - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return content.subarray(0, length);
};

// Notepad's "Unicode": a byte order mark, or a zero in every other byte of the first letters.
const isUtf16 = (content: Buffer): boolean => {
  const mark = content.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') return true;
  const start = content.subarray(0, SIGNATURE_NAME.length);
  return start.length > 2 && start.filter((byte) => byte === 0).length >= Math.floor(start.length / 2);
};

async function* listNames(path: string, limit: number): AsyncGenerator<NameToLookAt, void, undefined> {
  const listing = await openListing(path, NAMES_AT_ONCE);
  try {
    for (let count = 0; count < limit; count += 1) {
      const next = await listing.read();
      if (next === undefined) return;
      yield next;
    }
  } finally {
    await listing.close();
  }
}

const shown = (latin1Name: string): string => printable(Buffer.from(latin1Name, 'latin1'));
