// Users of a MinIO with policies of their own. Its administration takes requests signed as S3's and bodies encrypted
// with the owner's secret (madmin-go, encrypt.go: PBKDF2 and AES-256-GCM in sio-go's format), so `mc` is not needed.

import { createCipheriv, createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { once } from 'node:events';

/** A key as a customer has it. */
export interface MinioKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only of temporary keys. */
  readonly sessionToken?: string;
}

/** How users come and go. */
export interface MinioUsers {
  /** A new user who may do what the statements of an IAM policy say, and nothing else. */
  addUser(statements: readonly object[]): Promise<MinioKey>;
  /** From now on the user has this secret; a user that was removed is there again, without rights. */
  setSecret(user: Pick<MinioKey, 'accessKeyId'>, secretAccessKey: string): Promise<void>;
  /** From now on the user may do what these statements say. */
  setPolicy(user: Pick<MinioKey, 'accessKeyId'>, statements: readonly object[]): Promise<void>;
  /** From now on the user's key is unknown. */
  removeUser(user: MinioKey): Promise<void>;
  /** From now on a bucket takes no more than that; a request that alone is larger is refused at once. */
  setQuota(bucket: string, quotaBytes: number): Promise<void>;
  /** A temporary key (15 minutes) with the user's rights. */
  makeTemporaryKey(user: MinioKey): Promise<MinioKey>;
}

/** Where the server is and who owns it. */
export interface MinioOwner {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly certificateAuthority?: string;
}

/** Administration by the owner. Errors: what the server answered. */
export const createMinioUsers = (owner: MinioOwner): MinioUsers => {
  const administer = (
    method: string,
    operation: string,
    query: Readonly<Record<string, string>>,
    body: Buffer = Buffer.alloc(0),
  ): Promise<string> =>
    send(owner, { method, path: `/minio/admin/v3/${operation}`, query, body, service: 's3', key: owner });

  const setSecret: MinioUsers['setSecret'] = async ({ accessKeyId }, secretAccessKey) => {
    const account = JSON.stringify({ secretKey: secretAccessKey, status: 'enabled' });
    await administer('PUT', 'add-user', { accessKey: accessKeyId }, encrypt(owner.secretAccessKey, account));
  };
  const setPolicy: MinioUsers['setPolicy'] = async ({ accessKeyId }, statements) => {
    const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
    await administer('PUT', 'add-canned-policy', { name: policyOf(accessKeyId) }, Buffer.from(document));
  };

  return {
    setSecret,
    setPolicy,
    addUser: async (statements) => {
      const user = {
        accessKeyId: `user${randomBytes(6).toString('hex')}`,
        secretAccessKey: randomBytes(20).toString('hex'),
      };
      await setPolicy(user, statements);
      await setSecret(user, user.secretAccessKey);
      const attachment = JSON.stringify({ policies: [policyOf(user.accessKeyId)], user: user.accessKeyId });
      await administer('POST', 'idp/builtin/policy/attach', {}, encrypt(owner.secretAccessKey, attachment));
      return user;
    },

    removeUser: async ({ accessKeyId }) => {
      await administer('DELETE', 'remove-user', { accessKey: accessKeyId });
    },

    setQuota: async (bucket, quotaBytes) => {
      const quota = JSON.stringify({ quota: quotaBytes, size: quotaBytes, quotatype: 'hard' });
      await administer('PUT', 'set-bucket-quota', { bucket }, Buffer.from(quota));
    },

    makeTemporaryKey: async (user) => {
      const form = new URLSearchParams({ Action: 'AssumeRole', Version: '2011-06-15', DurationSeconds: '900' });
      const answer = await send(owner, {
        ...{ method: 'POST', path: '/', query: {}, body: Buffer.from(form.toString()) },
        ...{ service: 'sts', key: user },
      });
      return {
        accessKeyId: element(answer, 'AccessKeyId'),
        secretAccessKey: element(answer, 'SecretAccessKey'),
        sessionToken: element(answer, 'SessionToken'),
      };
    },
  };
};

const policyOf = (accessKeyId: string): string => `policy-${accessKeyId}`;

const element = (xml: string, name: string): string => {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`, 'u').exec(xml)?.[1];
  if (text === undefined) throw new Error(`Cannot read the temporary key: no ${name} in the answer`);
  return text;
};

const PBKDF2_AES_GCM = 2;
const PBKDF2_ROUNDS = 8192;
const KEY_BYTES = 32;

/** A text shorter than one fragment of sio-go (16 KiB): salt, algorithm, nonce, then that fragment as the last one. */
const encrypt = (password: string, text: string): Buffer => {
  const salt = randomBytes(32);
  const nonce = randomBytes(8);
  const key = pbkdf2Sync(password, salt, PBKDF2_ROUNDS, KEY_BYTES, 'sha256');
  const fragmentNonce = (sequence: number): Buffer => Buffer.concat([nonce, Buffer.from([sequence, 0, 0, 0])]);
  const seal = createCipheriv('aes-256-gcm', key, fragmentNonce(0));
  seal.final();
  const cipher = createCipheriv('aes-256-gcm', key, fragmentNonce(1));
  cipher.setAAD(Buffer.concat([Buffer.from([0x80]), seal.getAuthTag()]));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return Buffer.concat([salt, Buffer.from([PBKDF2_AES_GCM]), nonce, sealed]);
};

interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly service: 's3' | 'sts';
  readonly key: MinioKey;
}

const HTTP_OK_END = 300;

const send = async (owner: MinioOwner, request: SignedRequest): Promise<string> => {
  const url = new URL(request.path, owner.endpoint);
  for (const [name, value] of Object.entries(request.query)) url.searchParams.set(name, value);
  const secure = url.protocol === 'https:';
  const outgoing = (secure ? httpsRequest : httpRequest)(url, {
    method: request.method,
    headers: sign(url, owner.region, request),
    agent: false,
    ...(owner.certificateAuthority === undefined ? {} : { ca: owner.certificateAuthority }),
  });
  outgoing.end(request.body);
  const answered: Promise<unknown[]> = once(outgoing, 'response');
  const [response] = await answered;
  if (!isResponse(response)) throw new Error('Cannot administer MinIO: no answer');
  const text = (await buffer(response)).toString('utf8');
  if ((response.statusCode ?? 0) >= HTTP_OK_END) {
    throw new Error(`Cannot ${request.method} ${url.pathname}: ${String(response.statusCode)} ${text}`);
  }
  return text;
};

const isResponse = (value: unknown): value is NodeJS.ReadableStream & { readonly statusCode?: number } =>
  typeof value === 'object' && value !== null && 'statusCode' in value;

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Headers of a request by Signature Version 4, the whole body in the signature. */
const sign = (url: URL, region: string, request: SignedRequest): Record<string, string> => {
  const time = `${new Date().toISOString().replaceAll(/[-:]|\.\d+/gu, '')}`;
  const date = time.slice(0, 'YYYYMMDD'.length);
  const digest = sha256(request.body);
  const headers: Record<string, string> = {
    'content-type': request.service === 'sts' ? 'application/x-www-form-urlencoded' : 'application/octet-stream',
    host: url.host,
    'x-amz-content-sha256': digest,
    'x-amz-date': time,
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = [request.method, url.pathname, url.searchParams.toString(), lines.join(''), names, digest];
  const scope = `${date}/${region}/${request.service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical.join('\n'))].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${request.key.secretAccessKey}`);
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return {
    ...headers,
    'content-length': String(request.body.length),
    authorization: `AWS4-HMAC-SHA256 Credential=${request.key.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
};
