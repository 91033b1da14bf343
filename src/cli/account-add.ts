// `import-station account add`: a customer, the service that holds the buckets, and the first key.

import { Option, type Command } from 'commander';
import type { z } from 'zod';
import { accountSchema, type accountInputSchema } from '#protocol/control.ts';
import { sseSchema } from '#protocol/sse.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import type { ExitCode } from './exit-codes.ts';
import { formatAccount } from './format-account.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { addKeyOptions, readKey, type KeyInput, type KeyOptions } from './key-options.ts';
import { parseSize } from '#language/quantity.ts';
import { readInputFile } from './read-input.ts';
import { refuse, refused, type Answer } from './refusal.ts';

const EXAMPLE = `
Examples:
  import-station account add ada@example.com --key-id AKIAIOSFODNN7EXAMPLE --secret-file ada.secret
  import-station account add ada@example.com --endpoint https://s3.example.com --path-style --ca-file ca.pem \\
    --key-id ada --secret-file ada.secret
`;

interface AccountOptions extends ConfigOption, JsonOption, KeyOptions {
  readonly endpoint?: string;
  readonly pathStyle?: boolean;
  readonly region?: string;
  readonly caFile?: string;
  readonly expectedBucketOwner?: string;
  readonly trustedNetwork?: boolean;
  readonly sse: string;
  readonly existing: 'replace' | 'refuse';
  readonly maxObjectSize?: string;
}

/** Adds the command `account add`. */
export const addAccountAddCommand = (account: Command, context: CliContext): void => {
  const command = account
    .command('add')
    .argument('<email>', 'address of the customer, the name of the account')
    .description('add an account with its first access key')
    .option('--endpoint <url>', 'URL of the S3 service; AWS where not given')
    .option('--path-style', 'name the bucket in the path, as most private services want it')
    .option('--region <region>', 'region of the buckets; asked of each bucket where not given')
    .option('--ca-file <file>', 'PEM file with the certificate authority of a private service')
    .option('--expected-bucket-owner <id>', 'AWS account ID (12 digits) that must own the buckets')
    .option(
      '--trusted-network',
      'nobody can change what is sent on the way to the service: over plain http, leave bodies unsigned',
    )
    .option(
      '--sse <encryption>',
      'encryption asked for with every object: none (what the bucket does by itself), s3, kms, or kms:KEYID',
      'none',
    )
    .addOption(
      new Option('--existing <what>', 'what happens to objects that exist already')
        .choices(['replace', 'refuse'])
        .default('replace'),
    )
    .option('--max-object-size <size>', 'largest file that is loaded, such as 5TiB or a number of bytes')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(addKeyOptions(command), context)).action(
    async (email: string, options: AccountOptions) => {
      context.end(await addAccount(context, email, options));
    },
  );
};

const addAccount = async (context: CliContext, email: string, options: AccountOptions): Promise<ExitCode> => {
  const key = await readKey(context, options);
  if (key.kind === 'refused') return refuse(context, key.refusal);
  const input = accountInput(email, options, key.value);
  if (input.kind === 'refused') return refuse(context, input.refusal);
  const request = { method: 'POST', path: '/accounts', body: input.value } as const;
  const needs = { configPath: options.config, right: 'operator', needsDaemon: false } as const;
  return ask(context, { ...needs, request, answer: accountSchema }, (view) => {
    print(context, options, view, () => formatAccount(view));
  });
};

const accountInput = (
  email: string,
  options: AccountOptions,
  key: KeyInput,
): Answer<z.infer<typeof accountInputSchema>> => {
  const authority = options.caFile === undefined ? undefined : readInputFile(options.caFile);
  if (authority?.kind === 'refused') return authority;
  const maxObjectBytes = options.maxObjectSize === undefined ? undefined : parseSize(options.maxObjectSize);
  if (options.maxObjectSize !== undefined && maxObjectBytes === undefined) {
    return refused('UsageError', { message: '--max-object-size is no size, expected one such as 5TiB or 1048576' });
  }
  const sse = sseSchema.safeParse(options.sse);
  if (!sse.success) {
    return refused('UsageError', { message: '--sse is no encryption, expected none, s3, kms or kms:KEYID' });
  }
  return {
    kind: 'ok',
    value: {
      email,
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      ...(options.region === undefined ? {} : { region: options.region }),
      forcePathStyle: options.pathStyle === true,
      ...(authority === undefined ? {} : { certificateAuthority: authority.value.toString('utf8') }),
      ...(options.expectedBucketOwner === undefined ? {} : { expectedBucketOwner: options.expectedBucketOwner }),
      isNetworkTrusted: options.trustedNetwork === true,
      sse: sse.data,
      existing: options.existing,
      ...(maxObjectBytes === undefined ? {} : { maxObjectBytes }),
      keys: [key],
    },
  };
};
