// How much of something a test does: the same code with other counts by `scripts/test --long`.

/** True for a run that may take hours. */
const isLong: boolean = process.env['IMPORT_STATION_LONG'] === '1';

/** The count of an ordinary run, or of a long one. */
export const countOf = ({ usual, long }: { readonly usual: number; readonly long: number }): number =>
  isLong ? long : usual;

/** The first seed of tests that draw what they do; a failed run names its own, to be had again by this variable. */
export const FIRST_SEED = Number(process.env['IMPORT_STATION_SEED'] ?? '1');
