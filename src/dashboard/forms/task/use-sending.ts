import { useRef } from 'preact/hooks';
import { useAction } from '../../parts/use-action.ts';
import { errorsOf } from './sending.ts';
import type { Filling } from './use-task-form.ts';

export interface Sending {
  readonly isBusy: boolean;
  /** @param onRefused returns true if it has handled the refusal, which is otherwise shown in the form. */
  send(action: () => Promise<void>, onRefused?: (error: unknown) => boolean): void;
}

/** Sends one request at a time, even if the user clicks twice before the button is disabled. */
export function useSending({ refuse }: Pick<Filling, 'refuse'>): Sending {
  const { isBusy, run } = useAction();
  const isSending = useRef(false);
  return {
    isBusy,
    send(action, onRefused = () => false) {
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
        if (!onRefused(error)) refuse(errorsOf(error));
      });
    },
  };
}
