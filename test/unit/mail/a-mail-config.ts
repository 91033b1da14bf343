// A configuration of mail, for tests that send none.

import type { MailConfig } from '#config/contract.ts';
import { DEFAULTS } from '#config/defaults.ts';
import { HOUR_MS } from '#language/units.ts';

/** Every default, and addresses of nobody. */
export const MAIL: MailConfig = {
  host: 'smtp.example.org',
  port: 587,
  security: 'starttls',
  passwordFile: '/nowhere',
  from: 'station@station.example.org',
  operator: 'ops@example.org',
  timeoutMs: DEFAULTS.mail.timeoutMs,
  firstPauseMs: DEFAULTS.mail.firstPauseMs,
  longestPauseMs: DEFAULTS.mail.longestPauseMs,
  giveUpMs: DEFAULTS.mail.giveUpHours * HOUR_MS,
};
