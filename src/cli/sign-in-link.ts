import { usersFilePath } from '../auth/places.ts';
import { createSignInLinks } from '../auth/sign-in-links.ts';
import { readUsersFile } from '../auth/users-file.ts';

interface Facts {
  /** TASKBELL_HOME. */
  readonly home: string;
  /** The API's own. */
  readonly secret: string;
  readonly name: string;
  /** Of the API, as the browser reaches it. */
  readonly url: string;
}

/**
 * A link that signs a user in to the dashboard: once, within a quarter of an hour from now.
 * @returns undefined if there is no user of that name.
 * @throws {ListFileError} the users file is corrupt. @throws {RangeError} the secret is too short.
 */
export async function makeSignInLink({ home, secret, name, url }: Facts): Promise<string | undefined> {
  const user = (await readUsersFile(usersFilePath(home))).find((each) => each.name === name);
  if (user === undefined) return undefined;
  // It issues only; what redeems is the API.
  const unused = { accountOf: async () => undefined, endedSessions: { add: async () => false } };
  const token = await createSignInLinks({ secret, ...unused }).issue(user);
  // A fragment stays in the browser: it is in no log.
  return new URL(`/#sign-in=${token}`, url).href;
}
