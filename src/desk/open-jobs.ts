// Jobs that still need their account and its keys.

import { isTerminal } from '#job/transition.ts';
import type { Job, Store } from '#store/contract.ts';

/** Jobs of an account that a drive may yet be loaded for, or whose log is not in its bucket yet. */
export const openJobs = (store: Store, email: string): readonly Job[] =>
  store.jobs().filter(({ accountEmail, state }) => accountEmail === email && !isTerminal(state.job));
