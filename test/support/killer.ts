// Kills parts of a station, or its bucket, at given points of a load, brings them back, and notes what the station had on
// disk at each kill: none of that may be sent again.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { loadersOf } from './loader.ts';
import { describePoint, type KillPoint } from './kill-points.ts';
import type { Minio } from './minio.ts';
import type { S3Proxy } from './s3-proxy.ts';
import type { Station } from './station.ts';
import { until } from './wait.ts';

/** What is killed: a station that loads the drive in its `Bay 1` into a bucket behind a proxy. */
export interface KillScene {
  readonly station: Station;
  readonly minio: Minio;
  readonly proxy: S3Proxy;
  readonly jobId: string;
  readonly bucket: string;
  readonly logKey: string;
}

/** What the station had on disk. */
export interface OnDisk {
  /** Files that have their rows. */
  readonly rows: ReadonlySet<string>;
  /** Parts of uploads that are open, as `KEY PARTNUMBER`. */
  readonly parts: ReadonlySet<string>;
}

/** A kill. */
export interface Kill {
  readonly point: KillPoint;
  readonly had: OnDisk;
  /** Requests that had been asked by then. */
  readonly asked: number;
}

/** Kills at one point after the other, in the order in which the load comes to them. */
export interface Killer {
  /** Waits for the next point, kills, notes, and lets all go on. */
  next(): Promise<Kill>;
  /** Fails where something was sent after a kill which the station had on disk at that kill. */
  checkNothingAgain(): void;
}

const BAY = 'Bay 1';
const POINT_DEADLINE_MS = 120_000;
const LOOK_EVERY_MS = 5;

/** Reads what a load has on disk; whole lines only, as its daemon would. */
export const readOnDisk = async ({ station, jobId }: Pick<KillScene, 'station' | 'jobId'>): Promise<OnDisk> => {
  const [log, journal] = await Promise.all(
    ['working-log', 'parts'].map((name) => readLines(join(station.stateDir, 'loads', jobId, name))),
  );
  const rows = (log ?? []).flatMap((line) => /"([^"]+)",200,/u.exec(line)?.[1] ?? []);
  const uploads = new Map<string, { readonly key: string; readonly parts: Set<string> }>();
  for (const line of journal ?? []) {
    const { kind, path, key = '', part } = JSON.parse(line) as JournalLine;
    if (kind === 'upload-planned') uploads.set(path, { key, parts: new Set() });
    else if (kind === 'upload-ended') uploads.delete(path);
    else if (part !== undefined) uploads.get(path)?.parts.add(partName(uploads.get(path)?.key ?? '', part.partNumber));
  }
  return { rows: new Set(rows), parts: new Set([...uploads.values()].flatMap(({ parts }) => [...parts])) };
};

interface JournalLine {
  readonly kind: string;
  readonly path: string;
  readonly key?: string;
  readonly part?: { readonly partNumber: number };
}

const readLines = async (path: string): Promise<readonly string[]> => {
  const text = await readFile(path, 'latin1').catch(() => '');
  return text.split('\n').slice(0, -1);
};

const partName = (key: string, partNumber: number | string): string => `${key} ${String(partNumber)}`;

/** What a request sends: a whole object by its key, a part by its name, the end of an upload as `KEY whole`. */
const sentBy = (bucket: string, { method, url }: { readonly method: string; readonly url: string }): string => {
  const { pathname, searchParams } = new URL(url, 'http://bucket.invalid');
  const key = decodeURIComponent(pathname).replace(`/${bucket}/`, '');
  const part = searchParams.get('partNumber');
  if (method === 'PUT') return part === null ? key : partName(key, part);
  return method === 'POST' && searchParams.has('uploadId') ? `${key} whole` : '';
};

/** What was sent by requests from the given one on, although it was on disk before. */
export const sentAgain = (
  { proxy, bucket }: Pick<KillScene, 'proxy' | 'bucket'>,
  had: OnDisk,
  asked: number,
): readonly string[] => {
  const later = proxy.asked.slice(asked).map((request) => sentBy(bucket, request));
  return later.filter((sent) => had.parts.has(sent) || had.rows.has(sent.split(' ')[0] ?? ''));
};

/** Requests to which the server said that it does not have the upload, or parts of it: why a file may be begun anew. */
const lostByServer = ({ proxy, bucket }: Pick<KillScene, 'proxy' | 'bucket'>): string => {
  const lost = proxy.asked.filter(({ isUploadLost }) => isUploadLost === true);
  return lost.map((request) => sentBy(bucket, request)).join(', ');
};

/** Makes a killer; it takes over the false answers of the proxy. */
export const createKiller = (scene: KillScene, points: readonly KillPoint[]): Killer => {
  const { station, proxy, bucket, logKey } = scene;
  const waiting = [...points];
  const kills: Kill[] = [];
  const acknowledged = new Set<string>();
  let armed: { readonly fire: (point: KillPoint) => void; journalFrom: number } | undefined;

  const isReached = (point: KillPoint, counts: Counts): boolean => {
    switch (point.kind) {
      case 'row':
      case 'part':
        return counts[point.seenBy][point.kind] >= point.count;
      case 'completion':
        return counts.bucket.completion >= point.count;
      case 'log':
        return acknowledged.has(logKey);
      case 'state':
        // The log is written from then on, and may be there before the journal is.
        return (
          counts.activities.includes(point.activity) || (point.activity === 'releasing' && acknowledged.has(logKey))
        );
    }
  };
  const look = (counts: Counts): void => {
    if (armed === undefined) return;
    const point = waiting.find((one) => isReached(one, counts));
    if (point === undefined) return;
    const { fire } = armed;
    armed = undefined;
    waiting.splice(waiting.indexOf(point), 1);
    fire(point);
  };
  // The bucket has done it; its answer goes out after this.
  proxy.falsify(({ method, url }) => {
    const sent = sentBy(bucket, { method, url });
    if (sent !== '' && proxy.writes.includes(url)) acknowledged.add(sent);
    look({ bucket: countSent(acknowledged), station: NOTHING, activities: [] });
    return undefined;
  });
  const lookAtDisk = async (journalFrom: number): Promise<void> => {
    const { rows, parts } = await readOnDisk(scene);
    const activities: string[] = [
      ...station
        .journalText()
        .slice(journalFrom)
        .matchAll(/"activity":"([a-z]+)"/gu),
    ].map(([, activity]) => activity ?? '');
    // The journal does not tell of it where it comes first.
    if (waiting.some((point) => point.kind === 'state' && point.activity === 'inspecting')) {
      activities.push((await station.bay(BAY)).activity);
    }
    // A file that has its row has all its parts.
    const done = countSent(new Set([...acknowledged].filter((name) => rows.has(name.split(' ')[0] ?? ''))));
    look({
      bucket: countSent(acknowledged),
      station: { row: [...rows].filter((name) => name.startsWith('data/')).length, part: parts.size + done.part },
      activities,
    });
  };

  const killAt = async (loader: number, journalFrom: number): Promise<KillPoint> => {
    const { promise, resolve } = Promise.withResolvers<KillPoint>();
    let hit: KillPoint | undefined;
    const fire = (point: KillPoint): void => {
      hit = point;
      if (point.victim === 'loader') process.kill(loader, 'SIGKILL');
      if (point.victim === 'minio') process.kill(scene.minio.pid, 'SIGKILL');
      if (point.victim === 'daemon' || point.victim === 'host') process.kill(station.daemon().pid, 'SIGKILL');
      if (point.victim === 'host') process.kill(station.launcher().pid, 'SIGKILL');
      resolve(point);
    };
    armed = { fire, journalFrom };
    await until(
      async () => {
        if (hit === undefined) await lookAtDisk(journalFrom);
        return hit !== undefined;
      },
      {
        what: `the load comes to one of: ${waiting.map(describePoint).join('; ')}`,
        deadlineMs: POINT_DEADLINE_MS,
        everyMs: LOOK_EVERY_MS,
        describe: () => station.journalText().slice(-3000),
      },
    );
    return promise;
  };
  let journalSeen = 0;
  return {
    next: async () => {
      const loader = await oneLoader(scene, waiting);
      const point = await killAt(loader, journalSeen);
      const note = async (): Promise<void> => {
        const had = await readOnDisk(scene);
        kills.push({ point, had, asked: proxy.asked.length });
        journalSeen = station.journalText().length;
      };
      await bringBack(scene, point, note);
      const kill = kills.at(-1);
      assert.ok(kill !== undefined);
      return kill;
    },
    checkNothingAgain: () => {
      const lost = `lost by the server: ${lostByServer(scene)}`;
      for (const { point, had, asked } of kills) {
        assert.deepEqual(
          sentAgain(scene, had, asked),
          [],
          `sent again after the kill of ${describePoint(point)}; ${lost}`,
        );
      }
    },
  };
};

interface Counts {
  readonly bucket: { readonly row: number; readonly part: number; readonly completion: number };
  readonly station: { readonly row: number; readonly part: number };
  readonly activities: readonly string[];
}

const NOTHING = { row: 0, part: 0 };

const countSent = (names: ReadonlySet<string>): Counts['bucket'] => {
  const all = [...names];
  return {
    row: all.filter((name) => name.startsWith('data/')).length,
    part: all.filter((name) => / \d+$/u.test(name)).length,
    completion: all.filter((name) => name.endsWith(' whole')).length,
  };
};

/** The loader; never more than one. None is waited for once no point is left at which one could be killed. */
const oneLoader = async ({ station }: KillScene, waiting: readonly KillPoint[]): Promise<number> => {
  if (!waiting.some(({ victim }) => victim === 'loader')) return 0;
  return until(
    async () => {
      const running = await loadersOf(station.launcher().pid);
      assert.ok(running.length <= 1, 'never two loaders of a drive');
      return running[0];
    },
    { what: 'a loader runs', describe: () => station.journalText().slice(-3000) },
  );
};

const bringBack = async (
  { station, minio }: KillScene,
  { victim }: KillPoint,
  note: () => Promise<void>,
): Promise<void> => {
  switch (victim) {
    case 'loader':
      await station.waitForHold(BAY, 'LoaderFailed');
      await note();
      await station.ask('retry', BAY);
      return;
    case 'daemon':
      await station.daemon().end('SIGKILL');
      await note();
      await station.startDaemon();
      return;
    case 'host':
      await station.daemon().end('SIGKILL');
      await station.launcher().end('SIGKILL');
      await note();
      await station.startLauncher();
      await station.startDaemon();
      return;
    case 'minio':
      await note();
      await minio.restart();
      return;
  }
};
