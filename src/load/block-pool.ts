// The memory that files pass through: one arena, shared with the reader threads. It is also the bound of the bytes in
// flight, because a file or part is in flight exactly as long as it holds its block.
//
// INVARIANTS
//   free     lists the gaps of the arena, in order, never two that touch
//   waiting  is served in order: a large block cannot be starved by small ones
//   A block larger than the arena is a memory of its own and exists alone; it is the only way past the bound.

/** A piece of memory that is the holder's until it is disposed. */
export interface Block extends Disposable {
  readonly bytes: Uint8Array;
  /** Where the bytes lie, as a reader thread is told. */
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
}

/** Gives out blocks. */
export interface BlockPool {
  /** Waits until there is room. Errors: the signal's reason. */
  take(sizeBytes: number, signal: AbortSignal): Promise<Block>;
  /** Bytes that are held now, rounded up to whole pages. */
  readonly heldBytes: number;
  /** Bytes that may be held, at most the capacity. One block may be held whatever its size. */
  allowedBytes: number;
  /** Someone waits for a block. */
  readonly isShort: boolean;
}

/** Blocks begin at pages, so that direct reads and the kernel's copies stay aligned. */
const PAGE_BYTES = 4096;

interface Gap {
  readonly start: number;
  readonly length: number;
}

interface Waiter {
  readonly sizeBytes: number;
  readonly give: (block: Block) => void;
}

/** Makes a pool of `capacityBytes`; the system gives the memory only as it is used. */
export const createBlockPool = (capacityBytes: number): BlockPool => {
  const capacity = roundUp(capacityBytes);
  const arena = new SharedArrayBuffer(capacity);
  let free: readonly Gap[] = [{ start: 0, length: capacity }];
  let heldBytes = 0;
  let waiting: readonly Waiter[] = [];
  let allowedBytes = capacity;

  const block = (memory: SharedArrayBuffer, gap: Gap, sizeBytes: number): Block => {
    let isHeld = true;
    heldBytes += gap.length;
    return {
      bytes: new Uint8Array(memory, gap.start, sizeBytes),
      memory,
      offset: gap.start,
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        heldBytes -= gap.length;
        if (memory === arena && gap.length > 0) free = withGap(free, gap);
        serve();
      },
    };
  };

  const tryTake = (sizeBytes: number): Block | undefined => {
    const length = roundUp(sizeBytes);
    if (length === 0) return block(arena, { start: 0, length }, sizeBytes);
    if (length > capacity) {
      return heldBytes === 0 ? block(new SharedArrayBuffer(length), { start: 0, length }, sizeBytes) : undefined;
    }
    if (heldBytes > 0 && heldBytes + length > allowedBytes) return undefined;
    const gap = free.find((one) => one.length >= length);
    if (gap === undefined) return undefined;
    free = withoutStart(free, gap, length);
    return block(arena, { start: gap.start, length }, sizeBytes);
  };

  const serve = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const given = tryTake(next.sizeBytes);
      if (given === undefined) return;
      waiting = waiting.slice(1);
      next.give(given);
    }
  };

  return {
    take: (sizeBytes, signal) => {
      const given = waiting.length === 0 ? tryTake(sizeBytes) : undefined;
      if (given !== undefined) return Promise.resolve(given);
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          waiting = waiting.filter((one) => one !== waiter);
          reject(signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason }));
          serve();
        };
        const waiter: Waiter = {
          sizeBytes,
          give: (taken) => {
            signal.removeEventListener('abort', stop);
            resolve(taken);
          },
        };
        if (signal.aborted) {
          stop();
          return;
        }
        waiting = [...waiting, waiter];
        signal.addEventListener('abort', stop, { once: true });
      });
    },
    get heldBytes() {
      return heldBytes;
    },
    get allowedBytes() {
      return allowedBytes;
    },
    set allowedBytes(bytes) {
      allowedBytes = Math.min(capacity, bytes);
      serve();
    },
    get isShort() {
      return waiting.length > 0;
    },
  };
};

const roundUp = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;

const withoutStart = (gaps: readonly Gap[], gap: Gap, length: number): readonly Gap[] =>
  gaps.flatMap((one) => {
    if (one !== gap) return [one];
    return gap.length === length ? [] : [{ start: gap.start + length, length: gap.length - length }];
  });

const withGap = (gaps: readonly Gap[], gap: Gap): readonly Gap[] => {
  const merged: Gap[] = [];
  for (const one of [...gaps, gap].sort((left, right) => left.start - right.start)) {
    const last = merged.at(-1);
    if (last !== undefined && last.start + last.length === one.start) {
      merged[merged.length - 1] = { start: last.start, length: last.length + one.length };
    } else {
      merged.push(one);
    }
  }
  return merged;
};
