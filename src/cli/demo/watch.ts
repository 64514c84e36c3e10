import { WebSocket } from 'ws';
import { feedMessage, type TaskSummary } from '../../contract/task.ts';
import { DemoError } from './errors.ts';

const reconnectMs = 500;
/** Close codes after which reconnecting is pointless: the token is no longer valid, or the task was deleted. */
const finalCodes = new Map([
  [4401, 'the account was changed or removed'],
  [4404, 'the task was deleted'],
]);

interface WatchOptions {
  /** The service's address, http(s). */
  readonly url: string;
  readonly token: string;
  readonly taskId: string;
  /** Called with the task's current state, then after every change. */
  readonly onTask: (task: TaskSummary) => void;
  readonly onFault: (error: unknown) => void;
}

/**
 * Watches one task over a WebSocket, and reconnects when the connection is lost: the first message is always
 * the task's current state. open → closed, by the returned function.
 */
export function watchTask({ url, token, taskId, onTask, onFault }: WatchOptions): () => void {
  const address = `${url.replace(/^http/, 'ws')}/ws/tasks/${taskId}/`;
  let socket: WebSocket;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const receive = (text: string): void => {
    try {
      const message = feedMessage.parse(JSON.parse(text));
      if (message.type === 'task') onTask({ ...message, type: message.task_type });
    } catch (error) {
      onFault(error);
    }
  };
  const open = (): void => {
    socket = new WebSocket(address, { headers: { Authorization: `Bearer ${token}` } });
    socket.on('message', (data: Buffer) => receive(data.toString('utf8')));
    // `close` follows; its handler decides what to do.
    socket.on('error', () => socket.terminate());
    socket.on('close', (code) => {
      const why = finalCodes.get(code);
      if (closed) return;
      if (why === undefined) timer = setTimeout(open, reconnectMs);
      else onFault(new DemoError(`The feed of task ${taskId} ended: ${why}.`));
    });
  };
  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    socket.terminate();
  };
}
