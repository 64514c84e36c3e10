import { z } from 'zod';
import { accountNameForm } from '../contract/account.ts';
import { secretNameForm } from '../contract/secret.ts';
import { parseHostName } from '../lib/host-name.ts';
import { areDistinct, type ListFormat } from '../lib/list-file.ts';

/** What begins a host to which the value may be sent unencrypted. */
const plain = 'http://';

/** Spells a host as a URL does, so that both can be compared. */
const host = z.string().transform((text, context) => {
  const isPlain = text.startsWith(plain);
  const parsed = parseHostName(isPlain ? text.slice(plain.length) : text);
  // Without the default port of http, as a URL.
  if (parsed !== undefined && isPlain) return `${plain}${new URL(text).host}`;
  if (parsed !== undefined)
    return parsed.port === undefined ? parsed.hostname : Object.values(parsed).join(':');
  context.addIssue({
    code: 'custom',
    message:
      'a host must be a name or an address, with or without a port: crm.example.com, crm.internal:8443, ' +
      'or http://crm.internal:8080 for plain http',
  });
  return z.NEVER;
});

/** What the operator says of a secret before its value. */
export const secretTerms = z.strictObject({
  name: z
    .string()
    .regex(
      secretNameForm,
      "a secret's name must have 1 to 64 letters, digits and characters of _.-, the first a letter or a digit",
    ),
  /** Hosts to which the value may be sent: `host` for the default port, or `host:port`; `http://…` for plain http. */
  hosts: z.array(host).min(1, 'a secret must have a host'),
  /** Names of the accounts that may use it. */
  owners: z
    .array(z.string().regex(accountNameForm, 'an owner must be the name of an account'))
    .min(1, 'a secret must have an owner'),
});

const fields = secretTerms.extend({
  /** What a header can carry unchanged: visible Latin-1 and spaces, except at the ends (RFC 9110, section 5.5). */
  value: z
    .string()
    .regex(
      /^(?! )[ -~\u00a1-\u00ac\u00ae-\u00ff]{1,8192}(?<! )$/,
      "a secret's value must have 1 to 8192 characters of visible Latin-1, without line breaks or spaces at its ends",
    )
    // Servers may return it as a number, in which nothing can be replaced.
    .refine((value) => !/^\d+$/.test(value), "a secret's value must have a character other than digits"),
  set_at: z.iso.datetime(),
});

export const secret = fields.refine(({ name, value }) => !name.includes(value), {
  path: ['value'],
  // The name stands where the value was.
  message: "a secret's value must not be its name, nor a part of it",
});
export type Secret = z.infer<typeof secret>;

const secretsFile = z.strictObject({
  version: z.literal(1),
  secrets: z
    .array(secret)
    .refine((secrets) => areDistinct(secrets.map(({ name }) => name)), 'a name occurs twice'),
});

export const secretsFormat: ListFormat<Secret, z.infer<typeof secretsFile>> = {
  schema: secretsFile,
  listOf: ({ secrets }) => secrets,
  fileOf: (secrets) => ({ version: 1, secrets: [...secrets] }),
};
