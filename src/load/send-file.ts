// Sends one file: small ones by one request, large ones and those that were begun so by parts.

import { sendInParts } from './send-in-parts.ts';
import type { FileEnd, FileToSend, SendConfig, SendPorts } from './send-ports.ts';
import { sendWhole } from './send-whole.ts';

/**
 * Sends a file and says how it ended; a loaded one was acknowledged by the bucket. Errors: the signal's reason, and
 * what is neither the drive's nor the bucket's fault.
 */
export const sendFile = (
  file: FileToSend,
  config: SendConfig,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<FileEnd> => {
  const isLarge = file.sizeBytes > config.multipartThresholdBytes;
  if (!isLarge && !ports.uploads.has(file.path)) return sendWhole(file, config, ports, signal);
  return ports.largeFiles((): Promise<FileEnd> => {
    // One that had to wait has not begun, so that a stop leaves it.
    if (ports.stopSwitch.reason !== undefined) return Promise.resolve({ kind: 'left' });
    return sendInParts(file, config, ports, signal);
  });
};
