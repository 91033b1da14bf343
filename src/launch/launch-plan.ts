// What a launcher hands to itself across the change of namespaces: the one argument of `launch-inside`. It stands in
// the arguments of a process, so it holds nothing secret.

import { z } from 'zod';

/** The last argument of `import-station launch-inside`. */
const launchPlanSchema = z.strictObject({
  kernelName: z.string(),
  diskSequence: z.number().int(),
  partitionNumber: z.number().int(),
  /** Node of the volume. */
  device: z.string(),
  /** blkid's TYPE. */
  type: z.string(),
  loaderUid: z.number().int().positive(),
  loaderGid: z.number().int().positive(),
  /** Folder of the product on the host. */
  productFolder: z.string(),
});

/** See the schema. */
export type LaunchPlan = z.infer<typeof launchPlanSchema>;

/** Name of the inner command; by it and the plan a running launcher is recognised. */
export const INSIDE_COMMAND = 'launch-inside';

/** Parses the argument; undefined for anything else. */
export const parseLaunchPlan = (argument: string): LaunchPlan | undefined => {
  try {
    return launchPlanSchema.safeParse(JSON.parse(argument)).data;
  } catch (error: unknown) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
