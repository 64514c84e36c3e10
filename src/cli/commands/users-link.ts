import type { Command } from 'commander';
import { usersFilePath } from '../../auth/paths.ts';
import { unknownUser } from '../../auth/users.ts';
import { type Config, ConfigError, readConfig } from '../../config.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { hostUrl } from '../../lib/host-url.ts';
import { UserError } from '../../lib/user-error.ts';
import { runningAt } from '../../processes/home-lock.ts';
import { resolveJwtSecret } from '../../processes/home.ts';
import { makeSignInLink } from '../../processes/sign-in-link.ts';
import { administrationErrors } from '../errors.ts';
import { recordChange } from '../home-files.ts';
import { printText } from '../output.ts';

/** Defines `taskbell users link`. */
export function defineUsersLink(users: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  users
    .command('link <name>')
    .description('print a link that signs a user in to the dashboard; it works once, within 15 minutes')
    .option(
      '--url <address>',
      'address of the API as the browser reaches it (default: that of the running service)',
    )
    .action(
      action(async (name: string, { url }: { url?: string }) => {
        const link = await linkFor(readConfig(), name, url);
        await recordChange(io, { action: 'users link', user: name });
        printText(io, link);
      }),
    );
}

async function linkFor(config: Config, name: string, url: string | undefined): Promise<string> {
  if (config.identityProvider)
    throw new UserError('an identity provider manages the accounts, so there are no sign-in links');
  const secret = await resolveJwtSecret(config);
  if (secret === undefined)
    throw new ConfigError('TASKBELL_JWT_SECRET: must be set to the same value as for the API');
  const link = await makeSignInLink({ home: config.home, secret, name, url: await baseOf(config, url) });
  if (link === undefined) throw unknownUser(name, usersFilePath(config.home));
  return link;
}

/** Without a running `taskbell up`, the API may have been started by itself, at HOST and PORT. */
async function baseOf({ home, host, port }: Config, url: string | undefined): Promise<string> {
  if (url !== undefined && !URL.canParse(url))
    throw new UserError(`${JSON.stringify(url)} is not a valid URL`);
  return url ?? (await runningAt(home)) ?? hostUrl(host, port);
}
