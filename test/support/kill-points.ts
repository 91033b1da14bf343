// When something is killed in the middle of a load, and what: drawn from a seed, so that a failure can be had again.

/** What is killed; `host` is daemon and launcher at once. */
export type Victim = 'loader' | 'daemon' | 'host' | 'minio';

/** What a bay can be seen to do in a load, in this order. */
export type Activity = 'inspecting' | 'loading' | 'releasing';

/**
 * A moment of a load. `row`, `part`: the N-th one was acknowledged, by the bucket (its answer is still on the way) or by
 * the station (it is on disk). `completion`, `log`: the bucket has made the N-th large file, or the import log, and nobody
 * knows yet. `state`: the bay begins something else.
 */
export type KillPoint = { readonly victim: Victim } & (
  | { readonly kind: 'row' | 'part'; readonly count: number; readonly seenBy: 'bucket' | 'station' }
  | { readonly kind: 'completion'; readonly count: number }
  | { readonly kind: 'log' }
  | { readonly kind: 'state'; readonly activity: Activity }
);

/** What the load consists of. */
export interface LoadSize {
  readonly rows: number;
  readonly parts: number;
  readonly completions: number;
}

/** Numbers of at least 0 and below `limit`, the same ones for the same seed (mulberry32). */
export const createDraw = (seed: number): ((limit: number) => number) => {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
};

const ROW_POINTS = 5;
const PART_POINTS = 3;
/** Points of each load. */
export const POINTS_PER_LOAD = 12;

const VICTIMS: readonly Victim[] = ['loader', 'daemon', 'host', 'minio'];
// By then the loader has ended.
const VICTIMS_LATE: readonly Victim[] = ['daemon', 'host', 'minio'];

/**
 * Draws the points of one load; those of one kind in the order in which they come. Each is drawn from a share of the load
 * of its own, whose end is left out: what was in flight at a kill does not reach the next point.
 */
export const drawKillPoints = (seed: number, { rows, parts, completions }: LoadSize): readonly KillPoint[] => {
  const draw = createDraw(seed);
  const victim = (among: readonly Victim[] = VICTIMS): Victim => among[draw(among.length)] ?? 'daemon';
  const seenBy = (): 'bucket' | 'station' => (draw(2) === 0 ? 'bucket' : 'station');
  const spread = (kind: 'row' | 'part', points: number, total: number): readonly KillPoint[] => {
    const share = Math.floor(total / points);
    return Array.from({ length: points }, (_, index) => ({
      ...{ kind, victim: victim(), seenBy: seenBy() },
      count: index * share + 1 + draw(Math.ceil(share / 2)),
    }));
  };
  return [
    ...spread('row', ROW_POINTS, rows),
    ...spread('part', PART_POINTS, parts),
    { kind: 'completion', victim: victim(), count: 1 + draw(completions) },
    { kind: 'state', victim: victim(), activity: 'loading' },
    { kind: 'state', victim: victim(VICTIMS_LATE), activity: draw(2) === 0 ? 'inspecting' : 'releasing' },
    { kind: 'log', victim: victim(VICTIMS_LATE) },
  ];
};

/** A point in words, for the journal of a failed run. */
export const describePoint = (point: KillPoint): string => {
  switch (point.kind) {
    case 'state':
      return `${point.victim} when the bay is ${point.activity}`;
    case 'completion':
      return `${point.victim} at completion ${String(point.count)}`;
    case 'log':
      return `${point.victim} at the log`;
    case 'row':
    case 'part':
      return `${point.victim} at ${point.kind} ${String(point.count)} seen by the ${point.seenBy}`;
  }
};
