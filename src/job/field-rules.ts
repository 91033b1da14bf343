// The rules of single values: what a manifest's fields may hold (spec 1.2 to 1.6).

import { Secret } from '#language/secret.ts';

import type { Acl } from './manifest.ts';
import type { Checked, Rule } from './field-reader.ts';

// C0, DEL, C1 and the line separators: what would break a line of a mail, a label or a header.
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const PRINTABLE_ASCII = /^[ -~]+$/u;
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/u;
const MEDIA_TYPE = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+\/[!#$%&'*+\-.^_`|~\dA-Za-z]+(?: *;[ -~]*)?$/u;
const STORAGE_CLASS = /^[A-Z][\dA-Z_-]{0,63}$/u;
const BUCKET = /^[\dA-Za-z._-]{3,255}$/u;
const ONLY_DOTS = /^\.+$/u;
const ACCESS_KEY_ID = /^[!-~]{1,128}$/u;
const MAIL_ADDRESS = /^[^\s@;,<>"()\\]+@[^\s@;,<>"()\\]+$/u;

// RFC 5321, 4.5.3.1.3, without the angle brackets.
const LONGEST_MAIL_ADDRESS = 254;

/** True where the text holds a control character or a line break. */
export const hasControl = (text: string): boolean => CONTROL.test(text);

/** One of some words, exactly. */
export const oneOf =
  <Word extends string>(...words: readonly Word[]): Rule<Word> =>
  (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { expected: words.map((word) => `"${word}"`).join(' or ') } : { value };
  };

/** Any text on one line without control characters. */
export const lineRule: Rule<string> = (text) =>
  hasControl(text) ? { expected: 'text without control characters or line breaks' } : { value: text };

/** yes or no, with the synonyms true and false, in any case (spec 1.1). */
export const flagRule: Rule<boolean> = (text) => {
  const word = text.toLowerCase();
  if (word === 'yes' || word === 'true') return { value: true };
  return word === 'no' || word === 'false' ? { value: false } : { expected: '"yes" or "no"' };
};

/** A manifest version that this station loads (spec 1.2). */
export const versionRule: Rule<string> = (text) => {
  if (['1.0', '1.1', '1.2', '1.3', '2.0'].includes(text)) return { value: text };
  const versions = '1.0, 1.1, 1.2, 1.3 or 2.0';
  return {
    expected: text === '3.0' ? `${versions} (3.0 is an EBS or Glacier import, which is not done here)` : versions,
  };
};

/** A bucket's name: the widest form that S3 has ever had; `manifestWarnings` tells the one that DNS cannot carry. */
export const bucketRule: Rule<string> = (text) =>
  BUCKET.test(text) && !ONLY_DOTS.test(text)
    ? { value: text }
    : { expected: 'a bucket name of 3 to 255 letters, digits, dots, hyphens and underscores' };

/** An access key ID: visible ASCII, as private S3 services give them, too. */
export const accessKeyIdRule: Rule<string> = (text) =>
  ACCESS_KEY_ID.test(text) ? { value: text } : { expected: 'an access key ID without blanks' };

/** S3's canned ACLs (spec 1.6). */
export const aclRule: Rule<Acl> = oneOf('private', 'public-read', 'public-read-write', 'authenticated-read');

/** How the drive goes back (spec 1.3). */
export const serviceLevelRule: Rule<'standard' | 'expeditedShipping'> = oneOf('standard', 'expeditedShipping');

/** A value that is sent as an HTTP header: anything else would fail every file's request (RFC 9110, 5.5). */
export const headerRule: Rule<string> = (text) =>
  PRINTABLE_ASCII.test(text) ? { value: text } : { expected: 'ASCII text without control characters or line breaks' };

/** A content type (RFC 9110, 8.3). */
export const mediaTypeRule: Rule<string> = (text) =>
  MEDIA_TYPE.test(text) ? { value: text } : { expected: 'a content type such as image/jpeg' };

/** The name of a piece of user metadata: part of a header's name (RFC 9110, 5.6.2). */
export const metadataNameRule: Rule<string> = (text) =>
  TOKEN.test(text) ? { value: text } : { expected: 'a name of letters, digits and hyphens' };

/** A storage class. Not a closed list: services have their own, the probe at job creation tells. */
export const storageClassRule: Rule<string> = (text) =>
  STORAGE_CLASS.test(text) ? { value: text } : { expected: 'a storage class in capitals such as STANDARD' };

/** One or more mail addresses separated by semicolons (spec 1.3). */
export const mailAddressesRule: Rule<readonly string[]> = (text) => {
  if (hasControl(text)) return { expected: 'mail addresses without control characters or line breaks' };
  const addresses = text.split(';').flatMap((address) => address.trim() || []);
  const isList = addresses.length > 0 && addresses.every(isMailAddress);
  return isList ? { value: addresses } : { expected: 'mail addresses separated by semicolons' };
};

/** The PIN of a drive with a pad. */
export const pinCodeRule: Rule<Secret> = (text) => asSecret(lineRule(text));

const asSecret = (checked: Checked<string>): Checked<Secret> =>
  'value' in checked ? { value: new Secret(checked.value) } : checked;

/** True for one mail address that can stand in a header: no blank, no bracket, no separator, no control character. */
export const isMailAddress = (address: string): boolean =>
  address.length <= LONGEST_MAIL_ADDRESS && !hasControl(address) && MAIL_ADDRESS.test(address);
