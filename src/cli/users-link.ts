import type { Command } from 'commander';
import { UserError } from '../auth/users.ts';
import { type Config, ConfigError } from '../config.ts';
import { resolveJwtSecret } from './home.ts';
import { createActionWrapper } from './reporter.ts';
import { makeSignInLink } from './sign-in-link.ts';
import { hostUrl } from '../lib/host-url.ts';

interface Dependencies {
  /** @throws {ConfigError} */
  readonly readConfig: () => Config;
  readonly stdout: NodeJS.WritableStream;
}

/** Adds `link` to the command `taskbell users`. */
export function defineUsersLink(users: Command, { readConfig, stdout }: Dependencies): void {
  users
    .command('link <name>')
    .description('print a link that signs a user in to the dashboard; it works once, within 15 minutes')
    .option('--url <address>', 'address of the API as the browser reaches it (default: from HOST and PORT)')
    .action(
      createActionWrapper(users)(async (name: string, { url }: { url?: string }) => {
        const config = readConfig();
        if (config.identityProvider)
          throw new UserError('an identity provider manages the accounts, so there are no sign-in links');
        const secret = await resolveJwtSecret(config);
        if (secret === undefined)
          throw new ConfigError('TASKBELL_JWT_SECRET: must be set to the same value as for the API');
        const link = await makeSignInLink({ home: config.home, secret, name, url: baseOf(config, url) });
        if (link === undefined) throw new UserError(`there is no user named ${JSON.stringify(name)}`);
        stdout.write(`${link}\n`);
      }),
    );
}

function baseOf({ host, port }: Config, url: string | undefined): string {
  if (url !== undefined && !URL.canParse(url))
    throw new UserError(`${JSON.stringify(url)} is not a valid URL`);
  return url ?? hostUrl(host, port);
}
