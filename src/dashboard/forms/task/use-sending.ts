import { useRef } from 'preact/hooks';
import { useAction } from '../../parts/use-action.ts';
import { errorsOf } from './sending.ts';
import type { Filling } from './use-task-form.ts';

export interface Sending {
  readonly isBusy: boolean;
  /** @param onRejected returns true if it has handled the rejection, which is otherwise shown in the form. */
  send(action: () => Promise<void>, onRejected?: (error: unknown) => boolean): void;
}

/** Sends one request at a time, even if the user clicks twice before the button is disabled. */
export function useSending({ reject }: Pick<Filling, 'reject'>): Sending {
  const { isBusy, run } = useAction();
  const isSending = useRef(false);
  return {
    isBusy,
    send(action, onRejected = () => false) {
      if (isSending.current) return;
      isSending.current = true;
      const once = async (): Promise<void> => {
        try {
          await action();
        } finally {
          isSending.current = false;
        }
      };
      run(once, (error) => {
        if (!onRejected(error)) reject(errorsOf(error));
      });
    },
  };
}
