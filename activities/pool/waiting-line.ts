import type { HandlerProcess } from './handler-process.ts';

/** Attempts that wait for a handler process, in order of arrival. */
export class WaitingLine {
  #waiting: ((handlerProcess: HandlerProcess) => void)[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** Waits for a process. @throws the signal's reason. */
  wait(signal: AbortSignal): Promise<HandlerProcess> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== take);
        reject(abortReason(signal));
      };
      const take = (handlerProcess: HandlerProcess): void => {
        signal.removeEventListener('abort', leave);
        resolve(handlerProcess);
      };
      this.#waiting.push(take);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives a process to the first one. */
  serve(handlerProcess: HandlerProcess): void {
    this.#waiting.shift()?.(handlerProcess);
  }
}

export function abortReason({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('aborted');
}
