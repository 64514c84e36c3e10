import type { IncomingMessage } from 'node:http';
import type { Authenticate } from '../auth/authenticate.ts';
import { assertScope, type Principal } from '../auth/principal.ts';
import { isSameOrigin } from '../auth/same-origin.ts';
import { InvalidTicket, type Tickets } from '../auth/tickets.ts';
import { AppError } from '../contract/errors.ts';
import { type RateLimit, tooManyRequests } from '../rate-limit.ts';

interface AdmissionOptions {
  readonly authenticate: Authenticate;
  readonly tickets: Tickets;
  /** Opening a socket counts as a request; undefined: any number. */
  readonly rate: RateLimit | undefined;
}

/** Who opens a socket: by `Authorization: Bearer`, or in a browser by `?ticket=`. */
export function createAdmission({ authenticate, tickets, rate }: AdmissionOptions) {
  async function admit({ headers }: IncomingMessage, url: URL): Promise<Principal> {
    const ticket = url.searchParams.get('ticket');
    if (ticket === null) return authenticate(headers.authorization);
    // Only browsers need tickets, and a browser says which site a socket is for.
    if (!isSameOrigin({ origin: headers.origin, host: headers.host }))
      throw new AppError('forbidden', 'Sockets are not opened for other sites.');
    try {
      return await tickets.redeem(ticket);
    } catch (error) {
      if (!(error instanceof InvalidTicket)) throw error;
      throw new AppError('token_not_valid', 'The ticket is invalid, expired or used.', { cause: error });
    }
  }

  return async (request: IncomingMessage, url: URL): Promise<Principal> => {
    const principal = await admit(request, url);
    assertScope(principal, 'read');
    if (rate && !rate.take(principal.id).allowed) throw tooManyRequests(rate);
    return principal;
  };
}
