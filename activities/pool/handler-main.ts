/**
 * A handler process: loads the task types, then runs one attempt at a time until its worker ends it. Whatever a handler
 * does to its process (a crash, process.exit, a loop without end) is the worker's to notice.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createTaskTypes, loadTaskModules, type TaskTypes } from '../types/index.ts';
import { HandlerAttempt } from './attempt.ts';
import { toHandler, type FromHandler, type HandlerSettings } from './messages.ts';
import { outliveNoParent } from './parent-watch.ts';
import { rulesOf } from './rules.ts';

let types: TaskTypes | undefined;
let current: HandlerAttempt | undefined;
let lastSent = Promise.resolve();
/** Nobody knows in what state a handler has left the process: it ends when its attempt is over. */
let spoilt = false;

/** Whose doing something is: an attempt that is over may have left timers and promises behind. */
const attempts = new AsyncLocalStorage<HandlerAttempt>();

process.title = 'taskbell handler';
// A Ctrl-C in a terminal and a service manager's SIGTERM reach the worker as well, which decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
outliveNoParent(() => current !== undefined);

process.on('message', (message) => void receive(message));
process.on('uncaughtException', (error) => {
  // First, or the worker might give the process another attempt when it hears that this one is over.
  send({ type: 'leaving' });
  spoilt = true;
  if (isCurrents()) current?.fail(error);
  else console.error('Thrown by no attempt that is running:', error);
  if (!current || isCurrents()) leave(1);
});
process.on('exit', () => {
  if (!current) return;
  if (!isCurrents()) send({ type: 'ended_by_another' });
  // process.exit() in a handler: its last words.
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
    case 'run': {
      if (!types) throw new Error('An attempt came before the task types');
      await run(new HandlerAttempt(message, send), types);
    }
  }
}

async function run(attempt: HandlerAttempt, types: TaskTypes): Promise<void> {
  current = attempt;
  await attempts.run(attempt, () => attempt.run(types));
  current = undefined;
  if (spoilt) leave(1);
}

async function load({ dataDir, httpAllowHosts, modules }: HandlerSettings): Promise<void> {
  try {
    types = createTaskTypes({ dataDir, httpAllowHosts, extra: await loadTaskModules(modules) });
    send({ type: 'ready', types: rulesOf(types) });
  } catch (error) {
    send({ type: 'unusable', message: error instanceof Error ? error.message : String(error) });
    leave(1);
  }
}

function send(message: FromHandler): void {
  // A failure means that the worker is gone, which ends this process in other ways.
  lastSent = new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}

/** Ends the process once what was sent has gone out. */
function leave(code: number): void {
  void lastSent.then(() => process.exit(code));
}
