/**
 * The files that commands administer, in TASKBELL_HOME unless a variable names another place. These commands work even
 * if the rest of the configuration is wrong.
 */
import { type AdministrationFacts, appendAudit } from '../auth/audit-file.ts';
import { createKeyAdministration, type KeyAdministration } from '../auth/key-administration.ts';
import { keysFilePath, usersFilePath } from '../auth/paths.ts';
import { createUsers, type Users } from '../auth/users.ts';
import { readHome, readSecretsFile } from '../config.ts';
import type { Io } from '../lib/command.ts';
import { errorMessage } from '../lib/error-message.ts';
import { createSecretAdministration, type SecretAdministration } from '../secrets/administration.ts';

/** Opens the users file. */
export function openUsers(): Users {
  return createUsers({ path: usersFilePath(readHome()) });
}

/** Opens the file of API keys. */
export function openKeys(): KeyAdministration {
  const home = readHome();
  return createKeyAdministration({ keysFile: keysFilePath(home), usersFile: usersFilePath(home) });
}

/** Opens the secrets file, which can be elsewhere. */
export function openSecrets(): SecretAdministration {
  return createSecretAdministration(readSecretsFile());
}

/**
 * Records a change in the audit file. The change is made already, so a failure is only a warning.
 * @param folder the folder of the file that was changed
 */
export async function recordChange(
  { stderr }: Io,
  facts: AdministrationFacts,
  folder = readHome(),
): Promise<void> {
  try {
    await appendAudit(folder, facts);
  } catch (error) {
    stderr.write(`Warning: the change is made, but could not be recorded: ${errorMessage(error)}\n`);
  }
}
