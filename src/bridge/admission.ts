import type { IncomingMessage } from 'node:http';
import type { Authenticate } from '../auth/authenticate.ts';
import { assertScope, type Principal } from '../auth/principal.ts';
import { isSameOrigin } from '../auth/same-origin.ts';
import type { Tickets } from '../auth/tickets.ts';
import { AppError, tooManyRequests } from '../contract/errors.ts';
import type { RateLimit } from '../lib/token-bucket.ts';

interface AdmissionOptions {
  readonly authenticate: Authenticate;
  readonly tickets: Tickets;
  /** Limit on requests; opening a socket counts as one. No limit if undefined. */
  readonly rate: RateLimit | undefined;
}

/** Returns a function that authenticates a new socket: by `Authorization: Bearer`, or by `?ticket=` in a browser. */
export function createAdmission({ authenticate, tickets, rate }: AdmissionOptions) {
  async function admit({ headers }: IncomingMessage, url: URL): Promise<Principal> {
    const ticket = url.searchParams.get('ticket');
    if (ticket === null) return authenticate(headers.authorization);
    // Only browsers need tickets, and browsers send the origin of the page that opens the socket.
    if (!isSameOrigin({ origin: headers.origin, host: headers.host }))
      throw new AppError('forbidden', 'WebSocket connections from other origins are not allowed.');
    return tickets.redeem(ticket);
  }

  return async (request: IncomingMessage, url: URL): Promise<Principal> => {
    const principal = await admit(request, url);
    assertScope(principal, 'read');
    const taken = rate?.take(principal.id);
    if (rate && taken?.allowed === false) throw tooManyRequests(rate.perMinute, taken.allowedInSeconds);
    return principal;
  };
}
