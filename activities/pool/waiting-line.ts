import type { HandlerProcess } from './handler-process.ts';

/** Callers that wait for a handler process, in order of arrival. */
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
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const take = (handlerProcess: HandlerProcess): void => {
        signal.removeEventListener('abort', leave);
        resolve(handlerProcess);
      };
      this.#waiting.push(take);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives a process to the first caller. @returns whether there was one. */
  serve(handlerProcess: HandlerProcess): boolean {
    const take = this.#waiting.shift();
    take?.(handlerProcess);
    return take !== undefined;
  }
}
