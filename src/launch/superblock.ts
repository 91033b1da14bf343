// The few bytes of a device that blkid does not tell: read only, a fixed number, at fixed places.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { KIB, MIB } from '#language/units.ts';

const BLANK_PROBE_BYTES = MIB;
const ERASED_FLASH = 0xff;

/**
 * True where the first MiB is all 0x00 (or all 0xff, as erased flash reads): nothing was ever written there. Every
 * file system that is known has its superblock within it.
 */
export const isBlankDevice = async (device: string): Promise<boolean> => {
  const bytes = await readAt(device, 0, BLANK_PROBE_BYTES);
  return bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === ERASED_FLASH);
};

// struct btrfs_super_block (Linux, include/uapi/linux/btrfs_tree.h): at 64 KiB, log_root at 96, num_devices at 136.
const BTRFS_SUPERBLOCK = 64 * KIB;
const BTRFS_LOG_ROOT = 96;
const BTRFS_NUM_DEVICES = 136;
const U64_BYTES = 8;

/** On how many drives a btrfs lies. */
export const btrfsDeviceCount = async (device: string): Promise<number> =>
  Number(await readBtrfs(device, BTRFS_NUM_DEVICES));

/** True where a btrfs has a log of acknowledged writes that its trees do not hold yet. */
export const btrfsNeedsRecovery = async (device: string): Promise<boolean> =>
  (await readBtrfs(device, BTRFS_LOG_ROOT)) !== 0n;

const readBtrfs = async (device: string, field: number): Promise<bigint> =>
  (await readAt(device, BTRFS_SUPERBLOCK + field, U64_BYTES)).readBigUInt64LE();

// struct ext4_super_block (Linux, Documentation/filesystems/ext4/super.rst): at 1 KiB, s_feature_incompat at 0x60.
const EXT_FEATURE_INCOMPAT = KIB + 0x60;
const EXT_INCOMPAT_RECOVER = 0x4;
const U32_BYTES = 4;

/** True where an ext3 or ext4 has a journal that was not written back: its files are not what they should be. */
export const extNeedsRecovery = async (device: string): Promise<boolean> =>
  ((await readAt(device, EXT_FEATURE_INCOMPAT, U32_BYTES)).readUInt32LE() & EXT_INCOMPAT_RECOVER) !== 0;

const readAt = async (device: string, offset: number, length: number): Promise<Buffer> => {
  await using handle = await open(device, constants.O_RDONLY | constants.O_NONBLOCK);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
};
