/**
 * The files in TASKBELL_HOME that commands administer. These commands work even if the rest of the
 * configuration is wrong.
 */
import { createKeyAdministration, type KeyAdministration } from '../auth/key-administration.ts';
import { keysFilePath, usersFilePath } from '../auth/paths.ts';
import { createUsers, type Users } from '../auth/users.ts';
import { readHome } from '../config.ts';

/** Opens the users file. */
export function openUsers(): Users {
  return createUsers({ path: usersFilePath(readHome()) });
}

/** Opens the file of API keys. */
export function openKeys(): KeyAdministration {
  const home = readHome();
  return createKeyAdministration({ keysFile: keysFilePath(home), usersFile: usersFilePath(home) });
}
