import type { z } from 'zod';
import { tokenPair } from '../../contract/account.ts';
import { problem } from '../../contract/problem.ts';
import { type createTaskInput, type Task, task } from '../../contract/task.ts';
import { DemoError } from './errors.ts';
import { errorMessage } from '../../lib/error-message.ts';

export type NewTask = z.input<typeof createTaskInput>;
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The few HTTP API calls that the demo makes. @throws {Refusal} {DemoError} */
export interface DemoClient {
  create(task: NewTask): Promise<Task>;
  reschedule(id: string, delaySeconds: number): Promise<Task>;
  cancel(id: string): Promise<Task>;
}

/** The service refused a request; `message` is the service's own explanation. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** JSON pointers of the invalid fields. */
  readonly pointers: readonly string[];

  constructor(status: number, message: string, pointers: readonly string[]) {
    super(message);
    this.status = status;
    this.pointers = pointers;
  }
}

const timeoutMs = 10_000;

export function createClient(url: string, token: string): DemoClient {
  const headers = { Authorization: `Bearer ${token}` };
  const send = async (method: string, path: string, body?: object): Promise<Task> =>
    task.parse(await call(`${url}/api/tasks/${path}`, { method, headers, body }));
  return {
    create: (newTask) => send('POST', '', newTask),
    reschedule: (id, delay) => send('PATCH', `${id}/`, { delay }),
    cancel: (id) => send('POST', `${id}/cancel/`),
  };
}

/** @returns an access token. @throws {Refusal} {DemoError} */
export async function signIn(url: string, credentials: Credentials): Promise<string> {
  return tokenPair.parse(await call(`${url}/api/token/`, { method: 'POST', body: credentials })).access;
}

interface Request {
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly body?: object | undefined;
}

async function call(url: string, { method, headers, body }: Request): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const { host } = new URL(url);
    const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new DemoError(`${host} no longer answers: ${errorMessage(why)}`, { cause: error });
  }
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { detail, errors = [] } = problem.parse(answer);
  const faults = errors.map(({ pointer, message }) => `${pointer}: ${message}`);
  const message = faults.length === 0 ? detail : faults.join('; ');
  throw new Refusal(
    response.status,
    message,
    errors.map(({ pointer }) => pointer),
  );
}
