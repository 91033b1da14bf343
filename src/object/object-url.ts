// Where an object lies, as a person can name it and as a browser can ask for it.

/** What an address is made of; `endpoint` absent means AWS. */
export interface ObjectPlace {
  readonly endpoint?: string;
  readonly region: string;
  readonly forcePathStyle: boolean;
  readonly bucket: string;
  readonly key: string;
}

/** `s3://bucket/key`, as the tools of S3 take it. */
export const s3Address = ({ bucket, key }: Pick<ObjectPlace, 'bucket' | 'key'>): string => `s3://${bucket}/${key}`;

/**
 * The object's URL in the endpoint's own style: the bucket before the host's name, or in the path where the account says so,
 * where the host is an address, or where a certificate could not name the bucket's host.
 */
export const objectUrl = (place: ObjectPlace): string => {
  const { bucket, key, forcePathStyle } = place;
  const url = new URL(place.endpoint ?? awsEndpoint(place.region));
  const path = encodeKey(key);
  const isInPath = forcePathStyle || isAddress(url.hostname) || !isHostLabel(bucket, url.protocol);
  if (!isInPath) url.hostname = `${bucket}.${url.hostname}`;
  const base = url.pathname.replace(/\/$/u, '');
  return `${url.origin}${base}${isInPath ? `/${encodeSegment(bucket)}` : ''}/${path}`;
};

// China's regions have a domain of their own (AWS, "S3 endpoints").
const awsEndpoint = (region: string): string =>
  `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

const isAddress = (hostName: string): boolean => /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[.*\])$/u.test(hostName);

const isHostLabel = (bucket: string, protocol: string): boolean => {
  const isName = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/u.test(bucket);
  return isName && !(protocol === 'https:' && bucket.includes('.'));
};

/** A part of a key between slashes, as URLs and signatures have it: what encodeURIComponent leaves, S3 encodes too (SigV4, "UriEncode"). */
export const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/gu,
    (character) => `%${Number(character.codePointAt(0)).toString(16).toUpperCase()}`,
  );

/** A key as URLs and signatures have it: its parts encoded, the slashes between them as they are. */
export const encodeKey = (key: string): string =>
  /^[\w./~-]*$/u.test(key) ? key : key.split('/').map(encodeSegment).join('/');
