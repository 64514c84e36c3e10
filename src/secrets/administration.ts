import type { z } from 'zod';
import { readListFile, updateListFile } from '../lib/list-file.ts';
import { UserError } from '../lib/user-error.ts';
import { type Secret, secret, secretsFormat, secretTerms } from './secrets-file.ts';

/** A secret as lists show it. */
export type ListedSecret = Omit<Secret, 'value'>;

/** Administers the secrets file. Each call reads the file; nothing is cached. */
export interface SecretAdministration {
  /** Checks what is known of a secret before its value. @throws {UserError} */
  check(terms: Omit<Secret, 'set_at' | 'value'>): void;
  /** Adds a secret, or replaces the one with this name. @throws {UserError} */
  set(wanted: Omit<Secret, 'set_at'>): Promise<ListedSecret>;
  /** Lists the secrets by name. */
  list(): Promise<readonly ListedSecret[]>;
  /** @throws {UserError} if no secret has this name. */
  remove(name: string): Promise<void>;
}

export function createSecretAdministration(path: string, now: () => number = Date.now): SecretAdministration {
  const update = (change: (secrets: readonly Secret[]) => readonly Secret[]): Promise<void> =>
    updateListFile(path, secretsFormat, change);

  return {
    check: (terms) => void parsed(secretTerms, terms),
    async set(wanted) {
      const added = parsed(secret, { ...wanted, set_at: new Date(now()).toISOString() });
      await update((secrets) => [...secrets.filter(({ name }) => name !== added.name), added]);
      return withoutValue(added);
    },
    async list() {
      const secrets = await readListFile(path, secretsFormat);
      return secrets.map(withoutValue).toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
    },
    remove: (name) =>
      update((secrets) => {
        const kept = secrets.filter((each) => each.name !== name);
        if (kept.length === secrets.length)
          throw new UserError(`there is no secret named ${JSON.stringify(name)} in ${path}`);
        return kept;
      }),
  };
}

function parsed<T>(schema: z.ZodType<T>, wanted: unknown): T {
  const { data, error } = schema.safeParse(wanted);
  if (error === undefined) return data;
  throw new UserError(error.issues[0]?.message ?? 'this secret cannot be set');
}

function withoutValue({ value: _value, ...listed }: Secret): ListedSecret {
  return listed;
}
