// The one place that says a load is to end early, and why. The first reason stays.

/** Why a load ends early: a hold code of a bucket, a drive or the daemon. */
export interface StopReason {
  readonly code: string;
  /** Printable. */
  readonly message: string;
  readonly details: Readonly<Record<string, string>>;
}

/** Asked before each new piece of work. */
export interface StopSwitch extends Disposable {
  /** Undefined while the load goes on. */
  readonly reason: StopReason | undefined;
  stop(reason: StopReason): void;
  /** Aborts once files in flight have had their time to finish. */
  readonly signal: AbortSignal;
}

/** Makes a switch that gives the files in flight `graceMs` from the first reason on. */
export const createStopSwitch = ({ graceMs }: { readonly graceMs: number }): StopSwitch => {
  const controller = new AbortController();
  let reason: StopReason | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    get reason() {
      return reason;
    },
    stop: (given) => {
      if (reason !== undefined) return;
      reason = given;
      timer = setTimeout(() => {
        controller.abort(new Error(`the load is stopped: ${given.code}`));
      }, graceMs);
    },
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
    },
  };
};
