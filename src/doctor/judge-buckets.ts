// What the desk found out about buckets, with its remedies: pure.

import { printable } from '#language/printable.ts';
import type { BucketCheck } from '#protocol/reports.ts';
import { reporterFor, type Finding } from './finding.ts';

const clock = reporterFor('clock');
const buckets = reporterFor('buckets');

const MINUTE_SECONDS = 60;
/** Decision 20: with more no load begins and no job expires. */
const TOO_FAR_SECONDS = 5 * MINUTE_SECONDS;
const FAR_SECONDS = 30;

/** One finding for each bucket and key, and one for the clock of each. */
export const judgeBuckets = ({ checks, left }: BucketCheck): readonly Finding[] => [
  ...(checks.length === 0
    ? [
        buckets.note(
          'NoBucket',
          'No bucket was asked: no job is open. `import-station doctor --account EMAIL --bucket NAME` asks one.',
        ),
      ]
    : checks.flatMap(judgeCheck)),
  ...(left === 0
    ? []
    : [
        buckets.note(
          'BucketsLeft',
          `${String(left)} more buckets of open jobs were not asked; name one with --account and --bucket.`,
        ),
      ]),
];

const judgeCheck = ({
  account,
  bucket,
  keyId,
  region,
  skewSeconds,
  error,
}: BucketCheck['checks'][number]): readonly Finding[] => {
  const place =
    bucket === '' ? `the S3 service of ${printable(account)}` : `${printable(bucket)} of ${printable(account)}`;
  const reached =
    error === undefined
      ? buckets.ok(
          'Bucket',
          bucket === ''
            ? `The key ${printable(keyId)} is known to ${place}; no bucket was asked.`
            : `The key ${printable(keyId)} may load into ${place} (${printable(region ?? 'region unknown')}).`,
        )
      : buckets.trouble({
          check: error.code,
          level: 'problem',
          what: `${place}, key ${printable(keyId)}: ${error.happened}`,
          actor: error.actor,
          todo: error.todo,
        });
  if (skewSeconds !== undefined) return [reached, judgeSkew(place, skewSeconds)];
  if (error !== undefined) return [reached];
  const what = `The answer of ${place} has no date, so the clocks could not be compared.`;
  return [
    reached,
    clock.trouble({
      check: 'ClockUnsaid',
      level: 'unknown',
      what,
      todo: 'Look with `timedatectl` whether the clock of this host is right.',
    }),
  ];
};

const judgeSkew = (place: string, skewSeconds: number): Finding => {
  const size = Math.abs(Math.round(skewSeconds));
  const what = `The clock of this host is ${String(size)} seconds ${skewSeconds > 0 ? 'behind' : 'ahead of'} that of ${place}.`;
  const todo = 'Set the clock and switch on its synchronisation: `timedatectl set-ntp true`.';
  if (size > TOO_FAR_SECONDS) return clock.trouble({ check: 'ClockOff', level: 'problem', what, todo });
  if (size > FAR_SECONDS) return clock.trouble({ check: 'ClockDrifts', level: 'warning', what, todo });
  return clock.ok('Clock', `The clock of this host agrees with that of ${place}.`);
};
