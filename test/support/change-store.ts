// What no command does: puts the store of a station whose daemon is down into a state that time or a host would bring.

import { join } from 'node:path';

import { run } from './run.ts';
import { STATION_UID, type Station } from './station.ts';

const SCRIPT = `
  import { DatabaseSync } from 'node:sqlite';
  const [, file, sql, parameters] = process.argv;
  const { changes } = new DatabaseSync(file).prepare(sql).run(...JSON.parse(parameters));
  if (changes !== 1) throw new Error(\`\${String(changes)} rows changed, expected 1\`);
`;

/** Changes one row by an SQL statement, as the owner of the store. */
export const changeStore = async (
  { stateDir }: Pick<Station, 'stateDir'>,
  sql: string,
  parameters: readonly (string | number)[] = [],
): Promise<void> => {
  const owner = [`--reuid=${String(STATION_UID)}`, `--regid=${String(STATION_UID)}`, '--clear-groups'];
  const script = ['--input-type=module', '--eval', SCRIPT];
  const values = ['--', join(stateDir, 'station.db'), sql, JSON.stringify(parameters)];
  await run('setpriv', [...owner, process.execPath, ...script, ...values], { cwd: '/' });
};
