import { appendFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { auditFilePath } from './paths.ts';

/** A change of accounts, keys or secrets that a command has made. Never a password, a key or a secret's value. */
export interface AdministrationFacts {
  readonly action: string;
  readonly user?: string | undefined;
  /** The public prefix of an API key. */
  readonly key?: string;
  readonly role?: string;
  /** The name of a secret. */
  readonly secret?: string;
  readonly hosts?: readonly string[];
  readonly owners?: readonly string[];
}

/**
 * Appends a line of JSON to the audit file in the folder of what was changed: what, when, and by which system user.
 */
export async function appendAudit(home: string, facts: AdministrationFacts): Promise<void> {
  const line = JSON.stringify({ time: new Date().toISOString(), by: systemUser(), ...facts });
  await appendFile(auditFilePath(home), `${line}\n`, { mode: 0o600 });
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user without a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
