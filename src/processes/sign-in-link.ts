import { usersFilePath } from '../auth/paths.ts';
import { createSignInLinks } from '../auth/sign-in-links.ts';
import { readUsersFile } from '../auth/users-file.ts';

interface Facts {
  /** TASKBELL_HOME. */
  readonly home: string;
  /** The API's secret (TASKBELL_JWT_SECRET). */
  readonly secret: string;
  readonly name: string;
  /** Address of the API, as the browser reaches it. */
  readonly url: string;
}

/**
 * Makes a link that signs a user in to the dashboard. It works once, within 15 minutes from now.
 * @returns undefined if no user has that name.
 * @throws {ListFileError} if the users file is corrupt. @throws {RangeError} if the secret is too short.
 */
export async function makeSignInLink({ home, secret, name, url }: Facts): Promise<string | undefined> {
  const user = (await readUsersFile(usersFilePath(home))).find((each) => each.name === name);
  if (user === undefined) return undefined;
  // Links are only issued here; the API redeems them.
  const unused = { accountOf: async () => undefined, endedSessions: { add: async () => false } };
  const token = await createSignInLinks({ secret, ...unused }).issue(user);
  // A fragment stays in the browser, so the token appears in no log.
  return new URL(`/#sign-in=${token}`, url).href;
}
