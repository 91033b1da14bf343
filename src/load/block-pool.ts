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
  /** Gives a block where there is room and nobody waits. */
  takeNow(sizeBytes: number): Block | undefined;
  /** Bytes that are held now, rounded up to whole pages. */
  readonly heldBytes: number;
  /** Bytes that may be held, at most the capacity. One block may be held whatever its size. */
  allowedBytes: number;
  /** Someone waits for a block. */
  readonly isShort: boolean;
}

/** Blocks begin at pages and hold whole ones: a direct read (O_DIRECT) wants that. */
const PAGE_BYTES = 4096;

// Such a memory begins at a page, unlike one whose size is fixed.
const makeMemory = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes, { maxByteLength: bytes });

interface Gap {
  start: number;
  length: number;
}

interface Waiter {
  readonly sizeBytes: number;
  readonly give: (block: Block) => void;
}

/** Makes a pool of `capacityBytes`; the system gives the memory only as it is used. */
export const createBlockPool = (capacityBytes: number): BlockPool => {
  const capacity = roundUp(capacityBytes);
  const arena = makeMemory(capacity);
  const free: Gap[] = [{ start: 0, length: capacity }];
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
        if (memory === arena && gap.length > 0) addGap(free, gap);
        serve();
      },
    };
  };

  const tryTake = (sizeBytes: number): Block | undefined => {
    const length = roundUp(sizeBytes);
    if (length === 0) return block(arena, { start: 0, length }, sizeBytes);
    if (length > capacity) {
      return heldBytes === 0 ? block(makeMemory(length), { start: 0, length }, sizeBytes) : undefined;
    }
    if (heldBytes > 0 && heldBytes + length > allowedBytes) return undefined;
    const start = takeGap(free, length);
    return start === undefined ? undefined : block(arena, { start, length }, sizeBytes);
  };

  const serve = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const given = tryTake(next.sizeBytes);
      if (given === undefined) return;
      waiting = waiting.slice(1);
      next.give(given);
    }
  };

  const takeNow = (sizeBytes: number): Block | undefined => (waiting.length === 0 ? tryTake(sizeBytes) : undefined);

  return {
    takeNow,
    take: (sizeBytes, signal) => {
      const given = takeNow(sizeBytes);
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

// Cuts the length off the first gap that has it, and gives its start.
const takeGap = (gaps: Gap[], length: number): number | undefined => {
  const place = gaps.findIndex((gap) => gap.length >= length);
  const gap = gaps[place];
  if (gap === undefined) return undefined;
  const { start } = gap;
  if (gap.length === length) gaps.splice(place, 1);
  else {
    gap.start += length;
    gap.length -= length;
  }
  return start;
};

// In its place, as one with those that it touches.
const addGap = (gaps: Gap[], { start, length }: Gap): void => {
  const next = gaps.findIndex((gap) => gap.start > start);
  const place = next === -1 ? gaps.length : next;
  const before = gaps[place - 1];
  const after = gaps[place];
  const touchesAfter = after !== undefined && start + length === after.start;
  if (before !== undefined && before.start + before.length === start) {
    before.length += length;
    if (touchesAfter) {
      before.length += after.length;
      gaps.splice(place, 1);
    }
  } else if (touchesAfter) {
    after.start = start;
    after.length += length;
  } else gaps.splice(place, 0, { start, length });
};
