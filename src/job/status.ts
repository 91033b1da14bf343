// Job status and device status, and the only way from one to the next (spec 3.7, 3.8; decisions 18 to 21).

/** Codes that end a job without a load (spec 3.8); only a person gives them (decision 19). */
export const ABORT_CODES = [
  'DeviceError',
  'MissingDevice',
  'MissingSignature',
  'InvalidSignature',
  'UnsupportedDeviceType',
  'UnsupportedFileFormat',
  'UnsupportedPowerSupply',
] as const;

/** See ABORT_CODES. */
export type AbortCode = (typeof ABORT_CODES)[number];

/** Job codes (spec 3.8). */
export type JobStatus =
  'Pending' | 'InProgress' | 'Completed' | 'SuccessWithErrors' | 'Canceled' | 'Expired' | AbortCode;

/** Device codes (spec 3.7). */
export type DeviceStatus = 'NotReceived' | 'AtAWS' | 'Returned';

/** Both codes of a job, as GET STATUS reports them. */
export interface JobState {
  readonly job: JobStatus;
  readonly device: DeviceStatus;
}
