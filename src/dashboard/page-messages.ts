/** Short messages at the edge of the page: what was done, or why it failed. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { TaskbellError } from '../client/index.ts';
import { errorMessage } from '../lib/error-message.ts';
import { sentence } from './format.ts';

export interface Message {
  readonly id: number;
  readonly kind: 'done' | 'failed';
  readonly text: string;
}

export interface Messages {
  readonly shown: ReadonlySignal<readonly Message[]>;
  done(text: string): void;
  /** Shows a message that stays until it is closed. */
  failed(text: string): void;
  close(id: number): void;
}

const doneMs = 6000;
/** Maximum number of messages shown. */
const maxShown = 4;

export function createMessages(): Messages {
  const shown = signal<readonly Message[]>([]);
  let last = 0;
  const close = (id: number): void => {
    shown.value = shown.peek().filter((message) => message.id !== id);
  };
  function show(kind: Message['kind'], text: string): number {
    last += 1;
    shown.value = [...shown.peek(), { id: last, kind, text }].slice(-maxShown);
    return last;
  }
  return {
    shown,
    close,
    done(text) {
      const id = show('done', text);
      setTimeout(() => close(id), doneMs);
    },
    failed(text) {
      show('failed', text);
    },
  };
}

/** Returns what went wrong, as text for users. */
export function explain(error: unknown): string {
  if (error instanceof TaskbellError) {
    if (error.errors.length === 0) return error.message;
    const fields = error.errors.map(({ pointer, message }) => `${pointer}: ${message}`);
    return [error.message, ...fields].map(sentence).join(' ');
  }
  return errorMessage(error);
}
