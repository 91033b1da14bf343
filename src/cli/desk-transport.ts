// The desk over a store of our own, for commands while no daemon runs: the same answers as over the socket.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '#config/contract.ts';
import { createHostDesk } from '#desk/host-desk.ts';
import { openStore, STORE_FILE } from '#store/sqlite-store.ts';
import { loadStoreKey } from '#store/store-key.ts';
import { acquireStoreLock } from '#store/store-lock.ts';
import { refused, type Answer } from './refusal.ts';
import type { Transport } from './socket-transport.ts';

/** Opens the store and puts a desk over it; refused while another process has the store. `by` is for the history. Errors: those of the store. */
export const openDesk = (config: Config, by: string | undefined): Answer<Transport> => {
  const { stateDir, storeKeyFile } = config.station;
  using stack = new DisposableStack();
  const acquired = acquireStoreLock(stateDir);
  if (acquired.kind === 'held') return refused('StoreBusy', { file: stateDir });
  stack.use(acquired.lock);
  // With a store there is a key already: a new one beside it could open nothing.
  const storeKey = loadStoreKey({ path: storeKeyFile, create: !existsSync(join(stateDir, STORE_FILE)) });
  const store = stack.use(openStore({ folder: stateDir, storeKey }));
  const desk = createHostDesk({ store, config });
  // The owner of the store may do everything.
  const caller = { right: 'operator', ...(by === undefined ? {} : { by }) } as const;
  const opened = stack.move();
  return {
    kind: 'ok',
    value: {
      send: (request, signal) => desk.handle({ ...request, caller }, signal),
      [Symbol.asyncDispose]: () => {
        opened.dispose();
        return Promise.resolve();
      },
    },
  };
};
