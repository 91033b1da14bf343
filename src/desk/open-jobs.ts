// Jobs that still need their account and its keys.

import type { Job, Store } from '#store/contract.ts';

/** Jobs of an account that a drive may yet be loaded for, or whose log is not in its bucket yet. */
export const openJobs = (store: Store, email: string): readonly Job[] =>
  store.jobs().filter(({ accountEmail, state }) => accountEmail === email && isOpen(state.job));

const isOpen = (status: Job['state']['job']): boolean => {
  switch (status) {
    case 'Pending':
    case 'InProgress':
      return true;
    case 'Completed':
    case 'SuccessWithErrors':
    case 'Canceled':
    case 'Expired':
    case 'DeviceError':
    case 'MissingDevice':
    case 'MissingSignature':
    case 'InvalidSignature':
    case 'UnsupportedDeviceType':
    case 'UnsupportedFileFormat':
    case 'UnsupportedPowerSupply':
      return false;
  }
};
