// `import-station job ...`: the group of the job commands.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { addJobCancelCommand } from './job-cancel.ts';
import { addJobCreateCommand } from './job-create.ts';
import { addJobListCommand } from './job-list.ts';
import { addJobPinCommand } from './job-pin.ts';
import { addJobReportCommand } from './job-report.ts';
import { addJobShowCommand } from './job-show.ts';
import { addJobUpdateCommand } from './job-update.ts';

const EXAMPLE = `
Example:
  import-station job show 53TX4
`;

/** Adds the group `job` with its commands. */
export const addJobCommands = (program: Command, context: CliContext): void => {
  const job = program.command('job').description('jobs of the customers').addHelpText('after', EXAMPLE);
  addJobCreateCommand(job, context);
  addJobUpdateCommand(job, context);
  addJobCancelCommand(job, context);
  addJobListCommand(job, context);
  addJobShowCommand(job, context);
  addJobReportCommand(job, context);
  addJobPinCommand(job, context);
};
