import { z } from 'zod';
import {
  accessTokenExample,
  refreshExample,
  sessionExample,
  signInExample,
  ticketExample,
  tokenPairExample,
} from './examples.ts';
import { instant } from './instant.ts';

/** Form of an account's name, in the users file, commands and the terms of secrets. */
export const accountNameForm = /^[A-Za-z0-9_.@+-]{1,150}$/;

export const accountRole = z.enum(['user', 'admin']);
export type AccountRole = z.infer<typeof accountRole>;

const required = (name: string) =>
  z
    .string({
      error: (issue) => (issue.input === undefined ? 'This field is required.' : `${name} must be a string.`),
    })
    .min(1, 'This field may not be blank.');

/** POST /api/token/ */
export const signInInput = z
  .object({ username: required('username').max(150), password: required('password').max(1024) })
  .meta({ id: 'SignIn', examples: [signInExample] });

export const tokenPair = z
  .object({ access: z.string(), refresh: z.string() })
  .meta({ id: 'TokenPair', examples: [tokenPairExample] });

/** POST /api/token/refresh/ and /api/token/blacklist/ */
export const refreshInput = z
  .object({ refresh: required('refresh').max(4096) })
  .meta({ id: 'Refresh', examples: [refreshExample] });

export const accessToken = z
  .object({ access: z.string() })
  .meta({ id: 'AccessToken', examples: [accessTokenExample] });

/** POST /api/token/blacklist/: an empty object, as djangorestframework-simplejwt returns it. */
export const tokenEnded = z.object({}).meta({ id: 'TokenEnded', examples: [{}] });

/** POST /api/ws-ticket/ */
export const ticket = z.object({ ticket: z.string() }).meta({ id: 'Ticket', examples: [ticketExample] });

/** POST /api/session/ */
export const sessionInput = z
  .union([z.object({ link: required('link').max(2_048) }).meta({ id: 'RedeemLink' }), signInInput], {
    error: 'Send username and password, or link.',
  })
  .meta({ id: 'SessionInput', examples: [signInExample] });

/** POST and GET /api/session/ */
export const session = z
  .object({
    account: z.object({ id: z.uuid(), name: z.string(), role: accountRole }),
    csrf_token: z
      .string()
      .meta({ description: 'Value of the `X-CSRF-Token` header, required on requests that write.' }),
    expires_at: instant,
  })
  .meta({ id: 'Session', examples: [sessionExample] });
