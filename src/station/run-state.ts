// What a bay's run is in: one union, changed only by the run itself.

import type { Hold } from './hold.ts';
import type { JobId } from '#job/job-id.ts';
import type { Progress } from './progress.ts';

/** State of one drive in one bay. Every busy state can be left for any other by the run; `hold` ends by retry alone. */
export type RunState =
  /** `isSlow`: the drive has let the station wait for so long that a person should know. */
  | { readonly kind: 'inspecting'; readonly isSlow?: true }
  /** `isReread`: everything is loaded, and the drive is read a second time. */
  | { readonly kind: 'loading'; readonly jobId: JobId; readonly progress?: Progress; readonly isReread?: true }
  | { readonly kind: 'releasing'; readonly jobId?: JobId; readonly progress?: Progress }
  | { readonly kind: 'publishing'; readonly jobId: JobId; readonly progress?: Progress }
  | { readonly kind: 'hold'; readonly hold: Hold; readonly jobId?: JobId }
  | { readonly kind: 'interrupted'; readonly jobId: JobId }
  /** A technician wants it out, and nothing has it any more: "take it out". */
  | { readonly kind: 'released'; readonly jobId?: JobId }
  /** "Take it out." */
  | { readonly kind: 'done'; readonly jobId?: JobId };
