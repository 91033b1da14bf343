// Which bay a drive is in, and how a port is shown.

import { printable } from '#language/printable.ts';
import type { AttachedDrive, Bay, Port } from './contract.ts';

/** The configured bay whose port is the drive's, compared to the letter; undefined for a port that is no bay. */
export const bayOf = (drive: Pick<AttachedDrive, 'port'>, bays: readonly Bay[]): Bay | undefined =>
  bays.find(({ port }) => isSamePort(port, drive.port));

/** A port for a person, on one line: `pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0`, or the path of a loop image. */
export const portText = ({ idPath, backingFile }: Port): string => printable(idPath ?? backingFile ?? 'unknown port');

// A port of which nothing is known is no port at all: it must never match another one of that kind.
const isSamePort = (configured: Port, actual: Port): boolean => {
  if (configured.idPath !== undefined) return configured.idPath === actual.idPath;
  return configured.backingFile !== undefined && configured.backingFile === actual.backingFile;
};
