/** Reads the service's answer about the session. */
import { TaskbellError } from '../client/errors.ts';
import type { AccountRole } from '../contract/account.ts';

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly role: AccountRole;
}

export interface SessionAnswer {
  readonly account: Account;
  readonly csrfToken: string;
}

/** @throws TaskbellError unreachable: the answer is from something else, such as the sign-in page of a network. */
export async function answerIn(response: Response): Promise<SessionAnswer> {
  const body = objectIn(await response.json().catch(() => undefined));
  const { id, name, role } = objectIn(body['account']);
  const csrfToken = body['csrf_token'];
  if (typeof id === 'string' && typeof name === 'string' && typeof csrfToken === 'string') {
    if (role === 'user' || role === 'admin') return { account: { id, name, role }, csrfToken };
  }
  throw new TaskbellError('The response is not from Taskbell. Does this network require a sign-in?', {
    status: 0,
    code: 'unreachable',
  });
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
