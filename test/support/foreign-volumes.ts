// Volumes that no program at hand makes: the few bytes by which libblkid knows them.

import { open } from 'node:fs/promises';

import { KIB } from '#language/units.ts';

/** BitLocker's header and metadata as libblkid reads them: the volume's GUID, and where the metadata begin. */
export const writeBitLocker = async (path: string): Promise<void> => {
  const metadataAt = 64 * KIB;
  const header = Buffer.alloc(512);
  header.write('\xebX\x90-FVE-FS-', 0, 'latin1');
  header.write('3bd66749292ed84a8399f6a339e3d001', 160, 'hex');
  header.writeBigUInt64LE(BigInt(metadataAt), 176);
  const metadata = Buffer.alloc(64);
  metadata.write('-FVE-FS-', 0, 'latin1');
  metadata.writeUInt16LE(64, 8);
  metadata.writeUInt16LE(2, 10);
  await writeAt(path, header, 0);
  await writeAt(path, metadata, metadataAt);
};

/** A member of a Linux RAID. */
export const writeRaidMember = (path: string): Promise<void> => writeAt(path, raidSuperblock(), 4 * KIB);

/** A physical volume of LVM. */
export const writeLvmMember = (path: string): Promise<void> => writeAt(path, lvmLabel(), 512);

const writeAt = async (path: string, bytes: Uint8Array, position: number): Promise<void> => {
  await using file = await open(path, 'r+');
  await file.write(bytes, 0, undefined, position);
};

// A physical volume's label as libblkid reads it: sector 1, checksum over the bytes from 20 on (LVM2, lib/format_text).
const lvmLabel = (): Buffer => {
  const label = Buffer.alloc(512);
  label.write('LABELONE', 0, 'latin1');
  label.writeBigUInt64LE(1n, 8);
  label.writeUInt32LE(32, 20);
  label.write('LVM2 001', 24, 'latin1');
  label.write('0123456789abcdefghijklmnopqrstuv', 32, 'latin1');
  label.writeUInt32LE(lvmChecksum(label.subarray(20)), 16);
  return label;
};

// CRC-32 with a start value of its own and without the final inversion.
const lvmChecksum = (bytes: Uint8Array): number => {
  let crc = 0xf597a6cf;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb88320;
  }
  return crc >>> 0;
};

// struct mdp_superblock_1 of version 1.2 (Linux, include/uapi/linux/raid/md_p.h), with the checksum of mdadm's calc_sb_1_csum.
const raidSuperblock = (): Buffer => {
  const block = Buffer.alloc(256);
  block.writeUInt32LE(0xa92b4efc, 0);
  block.writeUInt32LE(1, 4);
  block.write('0123456789abcdef', 16, 'latin1');
  block.writeBigUInt64LE(8n, 144);
  let sum = 0n;
  for (let at = 0; at < block.length; at += 4) sum += BigInt(block.readUInt32LE(at));
  block.writeUInt32LE(Number((sum & 0xffffffffn) + (sum >> 32n)), 216);
  return block;
};
