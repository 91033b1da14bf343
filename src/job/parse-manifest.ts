// The manifest parser: bytes in, a manifest or every finding out (spec 1.1 to 1.7).

import type { Secret } from '#language/secret.ts';

import type { Acl, Located, Manifest, ManifestResult, ReadableFields, ReturnAddress } from './manifest.ts';
import { readReturnAddress } from './address.ts';
import { isUnitedStates, isWithoutCustoms } from './country.ts';
import { readCustoms } from './customs.ts';
import { type FieldReader, createFieldReader } from './field-reader.ts';
import {
  accessKeyIdRule,
  aclRule,
  bucketRule,
  flagRule,
  headerRule,
  lineRule,
  mailAddressesRule,
  mediaTypeRule,
  metadataNameRule,
  pinCodeRule,
  serviceLevelRule,
  storageClassRule,
  versionRule,
} from './field-rules.ts';
import { given } from './given.ts';
import {
  SYNTAX_RULES,
  checkMetadata,
  readContentTypes,
  readIgnore,
  readStaticMetadata,
  readSubstitutions,
  refuseForeignFields,
} from './manifest-fields.ts';
import { parseManifestSyntax } from './manifest-syntax.ts';
import { readManifestLines } from './manifest-text.ts';
import { type Findings, type MapNode, createFindings } from './manifest-tree.ts';
import { logPrefixRule, prefixRule, substitutedPrefixProblem } from './prefix-rules.ts';

/** What parsing depends on beside the bytes. */
export interface ParseManifestOptions {
  /** Where the station stands; with it a return address across a customs border demands `customs` (spec 1.5). */
  readonly facilityCountry?: string;
}

type Major = Manifest['majorVersion'];

/** Parses a manifest. Never throws: whatever the bytes, it gives the manifest or all findings, by field and line. */
export const parseManifest = (bytes: Uint8Array, options: ParseManifestOptions = {}): ManifestResult => {
  const findings = createFindings();
  const lines = readManifestLines(bytes, findings);
  const root = lines === undefined ? undefined : parseManifestSyntax(lines, SYNTAX_RULES, findings);
  const { manifest, readable } = (root === undefined ? undefined : readRoot(root, options, findings)) ?? {};
  const problems = findings.sorted();
  if (manifest !== undefined && problems.length === 0) return { kind: 'ok', manifest };
  return { kind: 'problem', problems, ...given({ readable }) };
};

interface Reading {
  readonly manifest?: Manifest;
  readonly readable: ReadableFields;
}

const readRoot = (root: MapNode, options: ParseManifestOptions, findings: Findings): Reading | undefined => {
  if (root.entries.length > 0) return readManifest(root, options, findings);
  // Without one field it is some other file; a list of all that is missing would not help.
  findings.add({ code: 'MalformedManifest', message: 'the manifest holds no field, expected lines of `name: value`' });
  return undefined;
};

const readManifest = (root: MapNode, options: ParseManifestOptions, findings: Findings): Reading => {
  const codes = { missingCode: 'MissingManifestField', invalidCode: 'InvalidManifestField' } as const;
  const reader = createFieldReader({ map: root, path: '', ...codes, findings });
  const version = reader.required('manifestVersion', versionRule)?.value;
  const majorVersion = version === undefined ? undefined : majorOf(version);
  const identity = readIdentity(reader, majorVersion);
  const target = readTarget(reader);
  const objects = readObjects(reader, majorVersion, findings);
  const delivery = readDelivery(reader, options, findings);
  refuseForeignFields(reader);
  reader.refuseUnknown();
  const lines = new Map(root.entries.filter(({ name }) => reader.isGiven(name)).map(({ name, line }) => [name, line]));
  const readable = { lines, ignore: objects.ignore, ...given({ accessKeyId: identity.accessKeyId }) };
  if (version === undefined || majorVersion === undefined) return { readable };
  if (!isIdentity(identity) || target === undefined || delivery === undefined) return { readable };
  const commentsAlone = commentsAloneIn(root, '');
  const rest = commentsAlone.length > 0 ? { lines, commentsAlone } : { lines };
  const fields = { ...identity, ...target, ...objects, ...delivery, ...rest };
  return { manifest: { manifestVersion: version, majorVersion, ...fields }, readable };
};

const commentsAloneIn = ({ entries }: MapNode, path: string): readonly Located<string>[] =>
  entries.flatMap(({ name, line, value }) => {
    if (value.kind === 'map') return commentsAloneIn(value, `${path}${name}.`);
    return value.kind === 'scalar' && value.isCommentAlone === true ? [{ value: `${path}${name}`, line }] : [];
  });

const majorOf = (version: string): Major => (version.startsWith('2') ? 2 : 1);

type Identity = Pick<Manifest, 'accessKeyId' | 'deviceId' | 'eraseDevice' | 'generator'>;

// Required in one version only: `accessKeyId` in 1.x, `eraseDevice` in 2.0 (spec 1.3).
const readIdentity = (reader: FieldReader, majorVersion: Major | undefined): Partial<Identity> => {
  const accessKeyId = (majorVersion === 1 ? reader.required : reader.optional)('accessKeyId', accessKeyIdRule)?.value;
  const deviceId = reader.required('deviceId', lineRule)?.value;
  const eraseDevice = (majorVersion === 2 ? reader.required : reader.optional)('eraseDevice', flagRule)?.value ?? false;
  const generator = reader.optional('generator', lineRule)?.value;
  return { eraseDevice, ...given({ deviceId, accessKeyId, generator }) };
};

const isIdentity = (identity: Partial<Identity>): identity is Identity => identity.deviceId !== undefined;

type Target = Pick<Manifest, 'bucket' | 'logBucket' | 'logPrefix'>;

const readTarget = (reader: FieldReader): Target | undefined => {
  const bucket = reader.required('bucket', bucketRule)?.value;
  const logBucket = reader.optional('logBucket', bucketRule)?.value ?? bucket;
  const logPrefix = reader.optional('logPrefix', logPrefixRule)?.value ?? '';
  return bucket === undefined || logBucket === undefined ? undefined : { bucket, logBucket, logPrefix };
};

type ObjectFields = Omit<
  Manifest,
  'manifestVersion' | 'majorVersion' | 'lines' | 'commentsAlone' | keyof Identity | keyof Target | keyof Delivery
>;

const readObjects = (reader: FieldReader, majorVersion: Major | undefined, findings: Findings): ObjectFields => {
  const prefix = reader.optional('prefix', prefixRule)?.value ?? '';
  const acl: Acl = reader.optional('acl', aclRule)?.value ?? 'private';
  const substitutions = readSubstitutions(reader, findings);
  const prefixProblem = majorVersion === 2 ? substitutedPrefixProblem(prefix, substitutions) : undefined;
  if (prefixProblem !== undefined) reader.refuse('prefix', prefixProblem);
  const staticMetadata = readStaticMetadata(reader, findings);
  const diskTimestampMetadataKey = reader.optional('diskTimestampMetadataKey', metadataNameRule)?.value;
  checkMetadata(reader, staticMetadata, diskTimestampMetadataKey);
  return {
    prefix,
    acl,
    substitutions,
    staticMetadata,
    ignore: readIgnore(reader, findings),
    contentTypes: readContentTypes(reader, findings),
    setContentEncodingForGzFiles: reader.optional('setContentEncodingForGzFiles', flagRule)?.value ?? false,
    ...given({
      diskTimestampMetadataKey,
      defaultContentType: reader.optional('defaultContentType', mediaTypeRule)?.value,
      contentDisposition: reader.optional('contentDisposition', headerRule)?.value,
      contentLanguage: reader.optional('contentLanguage', headerRule)?.value,
      cacheControl: reader.optional('cacheControl', headerRule)?.value,
      expires: reader.optional('expires', headerRule)?.value,
      storageClass: reader.optional('storageClass', storageClassRule)?.value,
    }),
  };
};

interface Delivery {
  readonly notificationEmail: readonly string[];
  readonly serviceLevel: Manifest['serviceLevel'];
  readonly pinCode?: Secret;
  readonly returnAddress: ReturnAddress;
  readonly customs?: Readonly<Record<string, string>>;
}

const readDelivery = (reader: FieldReader, options: ParseManifestOptions, findings: Findings): Delivery | undefined => {
  const notificationEmail = reader.optional('notificationEmail', mailAddressesRule)?.value ?? [];
  const serviceLevel = reader.optional('serviceLevel', serviceLevelRule)?.value ?? 'standard';
  const pinCode = reader.optional('pinCode', pinCodeRule)?.value;
  const customsMap = reader.map('customs');
  const customs = customsMap === undefined ? undefined : readCustoms(customsMap, findings);
  if (!reader.isGiven('returnAddress')) reader.miss('returnAddress');
  const addressMap = reader.map('returnAddress');
  const returnAddress = addressMap === undefined ? undefined : readReturnAddress(addressMap, findings);
  if (returnAddress === undefined) return undefined;
  if (serviceLevel === 'expeditedShipping' && !isUnitedStates(returnAddress.country)) {
    reader.refuse('serviceLevel', '"expeditedShipping" goes to addresses in the United States only');
  }
  const { facilityCountry = returnAddress.country } = options;
  if (!reader.isGiven('customs') && !isWithoutCustoms(returnAddress.country, facilityCountry)) {
    const message = '"customs" is missing: the drive crosses a customs border on its way back';
    findings.add({ code: 'MissingCustoms', field: 'customs', message });
  }
  return { notificationEmail, serviceLevel, returnAddress, ...given({ pinCode, customs }) };
};
