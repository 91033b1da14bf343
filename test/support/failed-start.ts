// A daemon that must not come up: how it is started on a station's configuration, and what its refusal must say.

import assert from 'node:assert/strict';
import { join } from 'node:path';

import { tryRun, type RunResult } from './run.ts';
import { PRODUCT_FOLDER, STATION_UID, type Station } from './station.ts';

/** Starts a daemon where it must not come up, as the station's own user, and gives how it ended. */
export const failToStart = ({ configPath }: Pick<Station, 'configPath'>): Promise<RunResult> =>
  tryRun('setpriv', [
    ...[`--reuid=${String(STATION_UID)}`, `--regid=${String(STATION_UID)}`, '--clear-groups'],
    ...['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--'],
    ...[join(PRODUCT_FOLDER, 'scripts', 'import-station'), 'daemon', '--config', configPath],
  ]);

/** Checks its exit code, and that it says what happened, who acts, what to do, and the code. */
export const checkRefusal = ({ exitCode, stderr }: RunResult, wantedExit: number, code: string): void => {
  assert.equal(exitCode, wantedExit, stderr);
  assert.match(
    stderr,
    new RegExp(`^import-station: [^]*\\n {2}Who acts: +[^]*\\n {2}What to do: [^]*Code: +${code}\\n$`, 'u'),
  );
};
