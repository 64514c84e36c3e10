/**
 * A handler process: loads the task types, then runs one attempt at a time until its worker ends it. It is up
 * to the worker to notice what a handler does to its process (a crash, process.exit, an endless loop).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createTaskTypes, loadTaskModules, type TaskTypes } from '../types/index.ts';
import { HandlerAttempt } from './attempt.ts';
import { toHandler, type FromHandler, type HandlerSettings } from './messages.ts';
import { exitWithParent } from './parent-watch.ts';
import { rulesOf } from './rules.ts';
import { errorMessage } from '../../src/lib/error-message.ts';

let types: TaskTypes | undefined;
let current: HandlerAttempt | undefined;
let lastSent = Promise.resolve();
/** Set after an uncaught error: the process may be in any state, so it ends when the running attempt is over. */
let isDamaged = false;

/** Attributes running code to its attempt: one that has ended may have left timers and promises behind. */
const attempts = new AsyncLocalStorage<HandlerAttempt>();

process.title = 'taskbell handler';
// A Ctrl-C in a terminal and a service manager's SIGTERM also reach the worker, which decides what to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
exitWithParent(() => current !== undefined);

process.on('message', (message) => void receive(message));
process.on('uncaughtException', (error) => {
  // Sent first, or the worker might give the process another attempt once it learns that this one is over.
  send({ type: 'leaving' });
  isDamaged = true;
  if (isCurrents()) current?.fail(error);
  else console.error('Uncaught error, not thrown by the running attempt:', error);
  if (!current || isCurrents()) leave(1);
});
process.on('exit', () => {
  if (!current) return;
  if (!isCurrents()) send({ type: 'ended_by_another' });
  // process.exit() in a handler: send its last reports.
  current.flush();
});

function isCurrents(): boolean {
  return current !== undefined && attempts.getStore() === current;
}

async function receive(received: unknown): Promise<void> {
  const message = toHandler.parse(received);
  switch (message.type) {
    case 'load':
      return load(message.settings);
    case 'stop':
      current?.stop(message);
      return;
    case 'secret':
      current?.answer(message);
      return;
    case 'run': {
      if (!types) throw new Error('An attempt arrived before the task types');
      await run(new HandlerAttempt(message, send), types);
    }
  }
}

async function run(attempt: HandlerAttempt, types: TaskTypes): Promise<void> {
  current = attempt;
  await attempts.run(attempt, () => attempt.run(types));
  current = undefined;
  if (isDamaged) leave(1);
}

async function load({ dataDir, httpAllowHosts, modules }: HandlerSettings): Promise<void> {
  try {
    types = createTaskTypes({
      dataDir,
      httpAllowHosts,
      extra: await loadTaskModules(modules, { onExit: unusable }),
    });
    send({ type: 'ready', types: rulesOf(types) });
  } catch (error) {
    unusable(error instanceof Error ? error : new Error(errorMessage(error)));
    leave(1);
  }
}

function unusable(error: Error): void {
  send({ type: 'unusable', message: error.message });
}

function send(message: FromHandler): void {
  // A failed send means that the worker no longer exists. The parent watch then ends this process.
  lastSent = new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}

/** Ends the process once all messages have been sent. */
function leave(code: number): void {
  void lastSent.then(() => process.exit(code));
}
