// Words for what can be wrong with a manifest, and for the codes with which a person ends a job (spec 3.5, 3.8).

import type { ManifestProblemCode } from '#job/manifest.ts';
import type { AbortCode } from '#job/status.ts';
import type { Words } from './words.ts';

const CORRECT =
  'Correct the manifest as the findings say, check it with `import-station manifest check` and submit it again.';
const NEW_JOB = 'Tell the customer; the drive goes back unread, and a new job has to be made.';

/** Findings in a manifest. */
export const MANIFEST_REASONS = {
  MalformedManifest: {
    happened: 'The manifest cannot be read: {message}.',
    actor: 'customer',
    todo: CORRECT,
    retryHelps: false,
  },
  MissingManifestField: {
    happened: 'The manifest lacks what it must have: {message}.',
    actor: 'customer',
    todo: CORRECT,
    retryHelps: false,
  },
  InvalidManifestField: {
    happened: 'The manifest holds a value that cannot be accepted: {message}.',
    actor: 'customer',
    todo: CORRECT,
    retryHelps: false,
  },
  InvalidAddress: {
    happened: 'The return address in the manifest is not complete or not a street address: {message}.',
    actor: 'customer',
    todo: CORRECT,
    retryHelps: false,
  },
  MissingCustoms: {
    happened: 'The drive crosses a border, and the manifest lacks what customs ask for: {message}.',
    actor: 'customer',
    todo: CORRECT,
    retryHelps: false,
  },
  InvalidCustoms: {
    happened: 'What the manifest says for customs cannot be accepted: {message}.',
    actor: 'customer',
    todo: CORRECT,
    retryHelps: false,
  },
} as const satisfies Readonly<Record<ManifestProblemCode, Words>>;

/** Codes that end a job without a load and are no holds at the same time. */
export const ABORT_REASONS = {
  DeviceError: { happened: 'The drive does not work.', actor: 'customer', todo: NEW_JOB, retryHelps: false },
  MissingDevice: {
    happened: 'The drive, its power supply or its cables were not in the package.',
    actor: 'customer',
    todo: NEW_JOB,
    retryHelps: false,
  },
  UnsupportedDeviceType: {
    happened: 'The drive has a connector that no station here has.',
    actor: 'customer',
    todo: NEW_JOB,
    retryHelps: false,
  },
  UnsupportedFileFormat: {
    happened: 'The drive is formatted in a way that no station here can read.',
    actor: 'customer',
    todo: NEW_JOB,
    retryHelps: false,
  },
  UnsupportedPowerSupply: {
    happened: 'The power supply of the drive does not fit the mains here.',
    actor: 'customer',
    todo: NEW_JOB,
    retryHelps: false,
  },
} as const satisfies Readonly<Record<Exclude<AbortCode, 'MissingSignature' | 'InvalidSignature'>, Words>>;
