// Who a drive is: a fingerprint that survives replugging in any bay, a name for people, the name of one attachment.

import { createHash } from 'node:crypto';

import { printable } from '#language/printable.ts';
import { formatDriveSize } from '#language/quantity.ts';
import { portText } from './bay.ts';
import type { AttachedDrive, DriveProbe } from './contract.ts';

/** One stay of a drive in a bay: boot ID of the host and the disk sequence number that the kernel gave the drive. */
export const attachmentId = (attachment: { readonly bootId: string; readonly diskSequence: number }): string =>
  `${attachment.bootId}:${String(attachment.diskSequence)}`;

/**
 * Names a drive by what it is and what it holds: WWN, serial, size, partition table UUID, file system UUIDs. Never by
 * the serial alone, because enclosures report zeros or the same number for all; never by the port, because a load goes
 * on in any bay. SHA-256 in hex.
 */
export const driveFingerprint = (
  { wwn, serial, sizeBytes }: Pick<AttachedDrive, 'wwn' | 'serial' | 'sizeBytes'>,
  { partitionTable, volumes }: DriveProbe,
): string => {
  const uuids = new Set(volumes.flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid])));
  const facts = [wwn ?? '', serial ?? '', String(sizeBytes), partitionTable?.uuid ?? '', ...[...uuids].toSorted()];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
};

/** Make and model for a person, printable; undefined where the drive tells neither. */
export const driveMake = ({ vendor, model }: Pick<AttachedDrive, 'vendor' | 'model'>): string | undefined => {
  const make = [vendor, model].flatMap((word) => (word === undefined || word === '' ? [] : [word])).join(' ');
  return make === '' ? undefined : printable(make);
};

/** Make, model, serial and size for a person, printable: `Samsung T7, serial S5T2NS0R, 2.0 TB`. */
export const driveName = (drive: AttachedDrive): string => {
  const { serial, sizeBytes, port } = drive;
  const kind = port.backingFile === undefined ? 'drive' : `image ${portText(port)}`;
  const parts = [
    driveMake(drive) ?? kind,
    ...(serial === undefined ? [] : [`serial ${printable(serial)}`]),
    formatDriveSize(sizeBytes),
  ];
  return parts.join(', ');
};
