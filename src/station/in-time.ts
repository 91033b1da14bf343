// A question that is given up after a time, so that whoever waits can say what for.

/**
 * Asks with a signal that also aborts after so long; undefined then. Errors: what the question throws before, also because
 * `signal` aborts.
 */
export const inTime = async <Result>(
  withinMs: number,
  ask: (signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result | undefined> => {
  const late = AbortSignal.timeout(withinMs);
  try {
    return await ask(AbortSignal.any([signal, late]));
  } catch (error: unknown) {
    if (signal.aborted || !late.aborted) throw error;
    return undefined;
  }
};
