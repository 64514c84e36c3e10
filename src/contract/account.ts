import { z } from 'zod';

const required = (name: string) =>
  z
    .string({
      error: (issue) => (issue.input === undefined ? 'This field is required.' : `${name} must be a string.`),
    })
    .min(1, 'This field may not be blank.');

/** POST /api/token/ */
export const signInInput = z
  .object({ username: required('username').max(150), password: required('password').max(1024) })
  .meta({ id: 'SignIn' });

export const tokenPair = z.object({ access: z.string(), refresh: z.string() }).meta({ id: 'TokenPair' });

/** POST /api/token/refresh/ */
export const refreshInput = z.object({ refresh: required('refresh').max(4096) }).meta({ id: 'Refresh' });

export const accessToken = z.object({ access: z.string() }).meta({ id: 'AccessToken' });

/** POST /api/ws-ticket/ */
export const ticket = z.object({ ticket: z.string() }).meta({ id: 'Ticket' });
