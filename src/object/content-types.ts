// The content type of a file by its extension (spec 8.1, 8.2; decision 22).

import mimeDb from 'mime-db';
import type { Manifest } from '#job/manifest.ts';

/** Name of the SIGNATURE file in the root of a drive (spec 2). */
const SIGNATURE_PATH = 'SIGNATURE';

// Fixed points of spec 8.1 (psd among them, whatever the registry says now), and the extensions of its base table that
// mime-db lists under several types or not at all.
const FIXED_TYPES: Readonly<Record<string, string>> = {
  bmp: 'image/bmp',
  gif: 'image/gif',
  gzip: 'application/gzip',
  html: 'text/html',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  psd: 'application/octet-stream',
  rtf: 'application/rtf',
  tgz: 'application/gzip',
  tif: 'image/tiff',
  txt: 'text/plain',
  wav: 'audio/wav',
  xml: 'application/xml',
  zip: 'application/zip',
};

// Where several types claim an extension, the better known source wins, then the first in the list.
const SOURCES: readonly (string | undefined)[] = ['iana', 'apache', 'nginx', undefined];

/** Gives a path its type; `isGzip` is the content's, and only looked at with `setContentEncodingForGzFiles`. */
export type ContentTypeOf = (path: string, isGzip: boolean) => string;

/** Makes the function that gives every file its type: the manifest's types first, then the built-in ones. */
export const createContentTypeOf = (
  manifest: Pick<Manifest, 'majorVersion' | 'contentTypes' | 'defaultContentType' | 'setContentEncodingForGzFiles'>,
): ContentTypeOf => {
  const { majorVersion, contentTypes, setContentEncodingForGzFiles } = manifest;
  const builtIn = builtInTypes();
  const binary = majorVersion === 1 ? 'application/octet-stream' : 'binary/octet-stream';
  const otherwise = manifest.defaultContentType ?? binary;
  const signature = majorVersion === 1 ? 'application/octet-stream' : 'text/plain';
  return (path, isGzip) => {
    if (path === SIGNATURE_PATH) return signature;
    const extension = extensionOf(path, setContentEncodingForGzFiles && isGzip);
    if (extension === undefined) return otherwise;
    return contentTypes.get(extension) ?? builtIn.get(extension.toLowerCase()) ?? otherwise;
  };
};

const extensionOf = (path: string, isGzip: boolean): string | undefined => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const { stem, extension } = splitName(name);
  // Compressed content says nothing about the type: the extension before it does (spec 8.2).
  return isGzip && /^(?:gz|gzip)$/iu.test(extension ?? '') ? splitName(stem).extension : extension;
};

// A name that begins with its last dot has no extension (decision 22).
const splitName = (name: string): { readonly stem: string; readonly extension: string | undefined } => {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? { stem: name.slice(0, dot), extension: name.slice(dot + 1) } : { stem: name, extension: undefined };
};

const builtInTypes = (): ReadonlyMap<string, string> => {
  const types = new Map<string, string>(Object.entries(FIXED_TYPES));
  for (const source of SOURCES) {
    for (const [type, entry] of Object.entries(mimeDb)) {
      if (entry.source !== source) continue;
      for (const extension of entry.extensions ?? []) if (!types.has(extension)) types.set(extension, type);
    }
  }
  return types;
};
