// Rows on their way to the daemon: gathered for a moment, sent in batches, bounded until they are on disk.
//
// INVARIANTS
//   open    counts rows that were added and are not yet known to be on disk; never more than maxOpenRows
//   batch   holds the newest of them, not yet sent; it is sent after 256 rows or 50 ms, whichever comes first
//   A batch that was sent keeps its place: rows reach the log in the order in which they were added.

/** Rows for the working log. */
export interface RowBatches {
  /** Adds a row at once, or resolves when it is added, where too many are not yet on disk. */
  add(row: Uint8Array): Promise<void> | undefined;
  /** Sends what is gathered, without waiting for the disk. */
  flush(): void;
  /** Resolves once every row that was added is on disk. */
  allStored(): Promise<void>;
}

/** Sends one batch and resolves once it is on disk. */
export type SendRows = (rows: Uint8Array, count: number) => Promise<void>;

/** Settings of the batches. */
export interface RowBatchesConfig {
  readonly maxBatchRows: number;
  readonly maxBatchBytes: number;
  readonly maxWaitMs: number;
  readonly maxOpenRows: number;
}

/** Makes an empty batch. A failed `send` rejects every later call. */
export const createRowBatches = (config: RowBatchesConfig, send: SendRows): RowBatches => {
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let open = 0;
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly error: unknown } | undefined;
  let wakeUps: (() => void)[] = [];

  const wake = (): void => {
    const woken = wakeUps;
    wakeUps = [];
    for (const wakeUp of woken) wakeUp();
  };
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wakeUps.push(resolve);
    });
  const checkFailure = (): void => {
    if (failure !== undefined) throw new Error('Rows cannot be handed over', { cause: failure.error });
  };

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const count = batch.length;
    if (count === 0) return;
    const rows = Buffer.concat(batch, batchBytes);
    batch = [];
    batchBytes = 0;
    send(rows, count).then(
      () => {
        open -= count;
        wake();
      },
      (error: unknown) => {
        failure ??= { error };
        wake();
      },
    );
  };

  const isFull = (): boolean => open >= config.maxOpenRows && failure === undefined;
  const addLater = async (row: Uint8Array): Promise<void> => {
    while (isFull()) {
      flush();
      await change();
    }
    put(row);
  };
  const put = (row: Uint8Array): void => {
    checkFailure();
    open += 1;
    if (batchBytes + row.length > config.maxBatchBytes) flush();
    batch.push(row);
    batchBytes += row.length;
    if (batch.length >= config.maxBatchRows) flush();
    else timer ??= setTimeout(flush, config.maxWaitMs);
  };

  return {
    add: (row) => {
      if (isFull()) return addLater(row);
      put(row);
      return undefined;
    },
    flush,
    allStored: async () => {
      flush();
      while (open > 0 && failure === undefined) await change();
      checkFailure();
    },
  };
};
