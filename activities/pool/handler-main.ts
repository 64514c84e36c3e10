/**
 * A handler process: loads the task types, then runs one attempt at a time until its worker ends it. Whatever a handler
 * does to its process (a crash, process.exit, a loop without end) is the worker's to notice.
 */
import { createTaskTypes, loadTaskModules, type TaskTypes } from '../types/index.ts';
import { HandlerAttempt } from './attempt.ts';
import { toHandler, type FromHandler, type HandlerSettings } from './messages.ts';
import { outliveNoParent } from './parent-watch.ts';
import { rulesOf } from './rules.ts';

let types: TaskTypes | undefined;
let current: HandlerAttempt | undefined;
let lastSent = Promise.resolve();

process.title = 'taskbell handler';
// A Ctrl-C in a terminal and a service manager's SIGTERM reach the worker as well, which decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
outliveNoParent(() => current !== undefined);

process.on('message', (message) => void receive(message));
process.on('uncaughtException', (error) => {
  // First, or the worker might give the process another attempt when it hears that this one is over.
  send({ type: 'leaving' });
  if (current) current.fail(error);
  else console.error('Thrown while no attempt was running:', error);
  // Nobody knows in what state the handler has left the process.
  leave(1);
});
// process.exit() in a handler: its last words.
process.on('exit', () => current?.flush());

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
      current = new HandlerAttempt(message.input, send);
      await current.run(types);
      current = undefined;
    }
  }
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
