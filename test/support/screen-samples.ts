// A station of 1, 4 and 12 bays in the middle of a working day, as the technician's screen is shown in docs/screen.md and
// tested. Every value has the form of the protocol.

import { GIB, HOUR_MS, MIB, SECOND_MS, TIB } from '#language/units.ts';
import { noticeOf } from '#notice/catalogue.ts';
import { statusSchema, type BayStatus, type StationStatus } from '#protocol/control.ts';

/** Number of bays of the samples. */
export const SAMPLE_BAYS = [1, 4, 12] as const;

/** Terminals for which they are shown. */
export const SAMPLE_SIZES = [
  { columns: 80, rows: 24 },
  { columns: 80, rows: 50 },
  { columns: 120, rows: 40 },
] as const;

const BOOT_ID = '4f6f2c1e-8a1b-4a52-9d5e-0b6f6f1a2c3d';

type Rest = Omit<BayStatus, 'bay' | 'port'>;

const drive = (number: number, make: string, serial: string, sizeBytes: number): Pick<BayStatus, 'drive'> => ({
  drive: {
    name: `${make}, serial ${serial}`,
    device: `/dev/sd${String.fromCharCode('a'.charCodeAt(0) + number)}`,
    sizeBytes,
    attachmentId: `${BOOT_ID}:${String(number)}`,
    make,
    serial,
  },
});

const LOADING: Rest = {
  activity: 'loading',
  says: 'loading: do not unplug',
  jobId: '53TX4',
  ...drive(1, 'WD My Passport', 'WCAV5X100001', 2_000_398_934_016),
  progress: {
    found: { files: 212_345, bytes: 1.1 * TIB },
    walkEnded: false,
    finished: { files: 101_234, bytes: 620 * GIB, failedFiles: 1 },
    sentBytes: 620 * GIB,
    doneBytes: 620 * GIB,
    bytesPerSecond: 104.9 * MIB,
    filesPerSecond: 17.6,
    secondsLeft: (3.3 * HOUR_MS) / SECOND_MS,
    usedBytes: 1.8 * TIB,
    limitedBy: 'drive',
    current: 'images/2011/episode-04/chewie.TIF',
  },
};

const ALMOST_LOADED: Rest = {
  activity: 'loading',
  says: 'loading: do not unplug',
  jobId: 'K7M2Q',
  ...drive(2, 'Samsung Portable SSD T7', 'S5T2NS0R600512', 1_000_204_886_016),
  progress: {
    found: { files: 30_123_456, bytes: 0.8 * TIB },
    walkEnded: true,
    finished: { files: 28_000_001, bytes: 0.72 * TIB, failedFiles: 0 },
    sentBytes: 0.72 * TIB,
    doneBytes: 0.72 * TIB,
    bytesPerSecond: 212 * MIB,
    filesPerSecond: 8123,
    secondsLeft: 420,
    usedBytes: 0.9 * TIB,
    limitedBy: 'cpu',
    current: '写真/二〇一一年/夏休み.jpg',
  },
};

const WAITS_FOR_BUCKET: Rest = {
  activity: 'loading',
  says: 'loading: do not unplug',
  jobId: 'R81ZC',
  ...drive(3, 'Seagate Expansion', 'NA8X2V4K', 4_000_787_030_016),
  progress: {
    found: { files: 812, bytes: 3.1 * TIB },
    walkEnded: true,
    finished: { files: 400, bytes: 1.2 * TIB, failedFiles: 0 },
    sentBytes: 1.3 * TIB,
    doneBytes: 1.3 * TIB,
    bytesPerSecond: 1.2 * MIB,
    filesPerSecond: 0,
    usedBytes: 3.2 * TIB,
    limitedBy: 'bucket',
    bucketTrouble: '503 SlowDown: Please reduce your request rate.',
  },
};

const NO_SIGNATURE: Rest = {
  activity: 'hold',
  says: 'waits for a person',
  ...drive(4, 'Generic Flash Disk', '0123456789', 16_008_609_792),
  hold: noticeOf('MissingSignature', { bay: 'Bay 2', found: 'signature.txt' }),
};

const NO_BUCKET: Rest = {
  activity: 'hold',
  says: 'waits for a person',
  jobId: 'X452D',
  ...drive(5, 'LaCie Rugged', 'NL3CWP01', 5_000_981_078_016),
  hold: noticeOf('NoSuchBucket', { bay: 'Bay 7', jobId: 'X452D', bucket: 'photo-archive' }),
};

const DONE: Rest = {
  activity: 'done',
  says: 'done: take it out',
  jobId: 'B0W77',
  ...drive(6, 'Toshiba Canvio', 'Y0LFT5GRTZ2H', 1_000_204_886_016),
};

const ALREADY_LOADED: Rest = {
  activity: 'already-loaded',
  says: 'already loaded: take it out',
  jobId: 'ZZ31A',
  ...drive(7, 'WD Elements', 'WX71A8800001', 1_000_170_586_112),
  hold: noticeOf('AlreadyLoaded', { bay: 'Bay 9', jobId: 'ZZ31A', date: '2026-11-20' }),
};

const INTERRUPTED: Rest = {
  activity: 'empty',
  says: 'interrupted: plug the drive in again, in any bay',
  jobId: 'H4PP1',
  hold: noticeOf('Interrupted', { jobId: 'H4PP1', bay: 'Bay 10' }),
};

const PUBLISHING: Rest = {
  activity: 'publishing',
  says: 'writing the import log',
  jobId: 'D9Q0E',
  ...drive(8, 'SanDisk Extreme Pro', '323131383539', 2_000_398_934_016),
};

const INSPECTING: Rest = {
  activity: 'inspecting',
  says: 'looking at the drive',
  ...drive(9, 'WD My Book', 'WCC4E1JK0001', 8_001_563_222_016),
};

const SETTLING: Rest = { activity: 'settling', says: 'a drive is starting up' };

const EMPTY: Rest = { activity: 'empty', says: 'empty' };

const STATIONS: Readonly<Record<(typeof SAMPLE_BAYS)[number], readonly Rest[]>> = {
  1: [LOADING],
  4: [LOADING, NO_SIGNATURE, DONE, ALMOST_LOADED],
  12: [
    LOADING,
    NO_SIGNATURE,
    DONE,
    ALMOST_LOADED,
    EMPTY,
    WAITS_FOR_BUCKET,
    NO_BUCKET,
    PUBLISHING,
    ALREADY_LOADED,
    INTERRUPTED,
    INSPECTING,
    SETTLING,
  ],
};

/** The status of a station with so many bays. */
export const sampleStatus = (bayCount: (typeof SAMPLE_BAYS)[number]): StationStatus => {
  const bays = STATIONS[bayCount].map((rest, index) => ({
    bay: `Bay ${String(index + 1)}`,
    port: `pci-0000:00:14.0-usb-0:${String(index + 1)}:1.0-scsi-0:0:0:0`,
    ...rest,
  }));
  const holds = bays.flatMap(({ bay, jobId, hold }) =>
    hold === undefined ? [] : [{ ...hold, bay, ...(jobId === undefined ? {} : { jobId }) }],
  );
  return statusSchema.parse({ station: 'hall-2', madeAt: '2026-11-25T09:16:03.000Z', holds, bays });
};
