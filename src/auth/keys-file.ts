import { z } from 'zod';
import { areDistinct, type ListFormat } from '../lib/list-file.ts';
import { scope } from './principal.ts';

export const keyLabel = z
  .string()
  .regex(
    /^[^\p{Cc}\p{Zl}\p{Zp}]{1,100}$/u,
    'a label must have 1 to 100 characters, without line breaks or control characters',
  );

const apiKey = z.strictObject({
  /** Part of the key itself. Identifies it everywhere else. */
  prefix: z.string().regex(/^[0-9a-f]{8}$/),
  label: keyLabel,
  /** Id of the account that the key acts for. */
  account: z.uuid(),
  scopes: z.array(scope).min(1),
  /** Hash of the whole key, in hex. 32 random bytes need no slow hash. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
});
export type ApiKey = z.infer<typeof apiKey>;

const keysFile = z.strictObject({
  version: z.literal(1),
  keys: z
    .array(apiKey)
    .refine((keys) => areDistinct(keys.map(({ prefix }) => prefix)), 'a prefix occurs twice'),
});

export const keysFormat: ListFormat<ApiKey, z.infer<typeof keysFile>> = {
  schema: keysFile,
  listOf: ({ keys }) => keys,
  fileOf: (keys) => ({ version: 1, keys: [...keys] }),
};
