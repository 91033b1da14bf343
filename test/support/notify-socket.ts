// A service manager's end of sd_notify(3): a datagram socket that keeps what it is told. Perl, because Node has no such
// sockets and every Debian has Perl.

import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPart } from './part.ts';
import { until } from './wait.ts';

/** What was told, and the socket. Disposing it ends it. */
export interface NotifySocket extends AsyncDisposable {
  readonly path: string;
  /** Each message, its assignments apart; barriers are left out. */
  messages(): readonly (readonly string[])[];
  /** Reads no more, so that whoever waits for its reading waits. */
  stall(): void;
}

const RECEIVER = `
  use Socket;
  $| = 1;
  socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
  bind($s, sockaddr_un($ARGV[0])) or die;
  chmod 0777, $ARGV[0];
  print "listening\\n";
  while (defined recv($s, my $text, 65536, 0)) { $text =~ tr/\\n/\\t/; print "$text\\n" }
`;

/** Starts it in a folder of its own below `base`; anybody may write to the socket. */
export const startNotifySocket = async (base: string = tmpdir()): Promise<NotifySocket> => {
  const folder = await mkdtemp(join(base, 'notify-'));
  await chmod(folder, 0o755);
  const path = join(folder, 'notify.sock');
  const child = spawn('perl', ['-e', RECEIVER, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const part = createPart(child, []);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  await until(() => text.startsWith('listening\n'), { what: 'the receiver listens', describe: part.stderr });
  return {
    path,
    messages: () =>
      text
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split('\t').filter((assignment) => assignment !== ''))
        .filter(([first]) => first !== undefined && first !== 'BARRIER=1'),
    stall: () => {
      child.kill('SIGSTOP');
    },
    [Symbol.asyncDispose]: async () => {
      await part.end('SIGKILL');
      await rm(folder, { recursive: true });
    },
  };
};
