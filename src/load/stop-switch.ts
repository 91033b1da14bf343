// The one place that says a load is to end early, and why. The first reason stays; the end of its job replaces it.

/** Why a load ends early: a hold code of a bucket, a drive or the daemon. */
export interface StopReason {
  readonly code: string;
  /** Printable. */
  readonly message: string;
  readonly details: Readonly<Record<string, string>>;
  /** The job is being ended: what was found and is not finished gets its row (decision 21). */
  readonly isFinal?: true;
}

/** Asked before each new piece of work. */
export interface StopSwitch extends Disposable {
  /** Undefined while the load goes on. */
  readonly reason: StopReason | undefined;
  stop(reason: StopReason): void;
  /** Aborts once files in flight have had their time to finish. */
  readonly signal: AbortSignal;
}

/** Time for the files in flight, in milliseconds: from the first reason on, and from the end of the job on. */
export interface StopGrace {
  readonly graceMs: number;
  readonly finalGraceMs: number;
}

/** Makes a switch. */
export const createStopSwitch = ({ graceMs, finalGraceMs }: StopGrace): StopSwitch => {
  const controller = new AbortController();
  let reason: StopReason | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    get reason() {
      return reason;
    },
    stop: (given) => {
      const isFinal = given.isFinal === true;
      if (reason !== undefined && (!isFinal || reason.isFinal === true)) return;
      reason = given;
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          controller.abort(new Error(`the load is stopped: ${given.code}`));
        },
        isFinal ? finalGraceMs : graceMs,
      );
    },
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
    },
  };
};
