/** What the service says of the session. */
import { TaskbellError } from '../client/errors.ts';

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly role: 'user' | 'admin';
}

export interface SessionAnswer {
  readonly account: Account;
  readonly csrfToken: string;
}

/** @throws TaskbellError unreachable: somebody else has answered, such as the sign-in page of a network. */
export async function answerIn(response: Response): Promise<SessionAnswer> {
  const body = objectIn(await response.json().catch(() => undefined));
  const { id, name, role } = objectIn(body['account']);
  const csrfToken = body['csrf_token'];
  if (typeof id === 'string' && typeof name === 'string' && typeof csrfToken === 'string') {
    if (role === 'user' || role === 'admin') return { account: { id, name, role }, csrfToken };
  }
  throw new TaskbellError('What answers is not Taskbell. Does this network want you to sign in first?', {
    status: 0,
    code: 'unreachable',
  });
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
