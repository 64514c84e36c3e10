import type { Command } from 'commander';
import { usersFilePath } from '../auth/places.ts';
import { createSignInLinks } from '../auth/sign-in-links.ts';
import { UserError } from '../auth/users.ts';
import { readUsersFile } from '../auth/users-file.ts';
import { type Config, ConfigError } from '../config.ts';
import { provideJwtSecret } from './home.ts';
import { createReporter } from './reporter.ts';

interface Dependencies {
  /** @throws {ConfigError} */
  readonly readConfig: () => Config;
  readonly stdout: NodeJS.WritableStream;
}

/** Adds `link` to the command `taskbell users`. */
export function defineUsersLink(users: Command, { readConfig, stdout }: Dependencies): void {
  users
    .command('link <name>')
    .description('print a link that signs a user in to the dashboard: once, within 15 minutes')
    .option('--url <address>', 'of the API as the browser reaches it; from HOST and PORT unless given')
    .action(
      createReporter(users)(async (name: string, { url }: { url?: string }) => {
        const config = readConfig();
        if (config.identityProvider) throw new UserError('accounts are the identity provider’s here');
        const user = (await readUsersFile(usersFilePath(config.home))).find((each) => each.name === name);
        if (user === undefined) throw new UserError(`there is no user named ${JSON.stringify(name)}`);
        // It issues only; what redeems is the API.
        const unused = { accountOf: async () => undefined, endedSessions: { add: async () => false } };
        const token = await createSignInLinks({ secret: await secretOf(config), ...unused }).issue(user);
        // A fragment stays in the browser: it is in no log.
        stdout.write(`${new URL(`/#sign-in=${token}`, baseOf(config, url)).href}\n`);
      }),
    );
}

/** As the API of this home has it. */
async function secretOf({ jwtSecret, home, temporal }: Config): Promise<string> {
  if (jwtSecret !== undefined) return jwtSecret;
  if (temporal.external === undefined) return provideJwtSecret(home);
  throw new ConfigError('TASKBELL_JWT_SECRET: must be set, as the API has it');
}

function baseOf({ host, port }: Config, url: string | undefined): string {
  if (url !== undefined && !URL.canParse(url)) throw new UserError(`${JSON.stringify(url)} is no address`);
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return url ?? `http://${name}:${port}`;
}
