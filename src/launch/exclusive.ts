// The only true test that nothing uses a block device: a mount in another namespace shows up nowhere else.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { SECOND_MS } from '#language/units.ts';

/** Whether the device could be had exclusively. `problem`: the open itself failed, or a hung drive does not answer. */
export type ExclusiveResult =
  { readonly kind: 'free' } | { readonly kind: 'busy' } | { readonly kind: 'problem'; readonly message: string };

// A drive that has spun down needs its time.
const DEADLINE_MS = 40 * SECOND_MS;

/**
 * Opens a block device with O_EXCL (open(2): EBUSY if the device is in use by the system) and closes it. On a whole
 * device that covers its partitions, on a partition that partition and the whole.
 */
export const tryExclusive = (device: string): Promise<ExclusiveResult> => {
  const { promise, resolve } = Promise.withResolvers<ExclusiveResult>();
  const timer = setTimeout(() => {
    resolve({ kind: 'problem', message: `${device} does not answer` });
  }, DEADLINE_MS);
  void openAndClose(device).then((result) => {
    clearTimeout(timer);
    resolve(result);
  });
  return promise;
};

const LOOK_EVERY_MS = 20;

/** A loader that was told to end is gone within this time; for the daemon to ask again would cost a process. */
const LETTING_GO_MS = SECOND_MS;

/** Waits a second at most until the device can be had exclusively: who has just ended lets go of it in a moment. */
export const waitExclusive = async (device: string): Promise<ExclusiveResult> => {
  const untilMs = performance.now() + LETTING_GO_MS;
  for (;;) {
    const result = await tryExclusive(device);
    if (result.kind !== 'busy' || performance.now() >= untilMs) return result;
    await delay(LOOK_EVERY_MS);
  }
};

const openAndClose = async (device: string): Promise<ExclusiveResult> => {
  try {
    const handle = await open(device, constants.O_RDONLY | constants.O_EXCL | constants.O_NONBLOCK);
    await handle.close();
    return { kind: 'free' };
  } catch (error: unknown) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === 'EBUSY' ? { kind: 'busy' } : { kind: 'problem', message: `${device} cannot be opened: ${code}` };
  }
};
