// What is made of several runs of the same thing.

/** The middle value; of an even number of values the mean of the two in the middle. Errors: there is no value. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((one, other) => one - other);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('Cannot find the median: there is no value');
  return (lower + upper) / 2;
};
