import { useState } from 'preact/hooks';
import { useDashboard } from '../dashboard.ts';
import { explain } from '../page-messages.ts';
import { isUnauthenticated } from '../session-fetch.ts';

/** Runs an action, says whether it is still running, and shows its failure. */
export interface Action {
  readonly isBusy: boolean;
  /** @param onFailure replaces the message at the edge of the page. Not called for an ended session. */
  run(action: () => Promise<void>, onFailure?: (error: unknown) => void): void;
}

export function useAction(): Action {
  const { messages } = useDashboard();
  const [isBusy, setBusy] = useState(false);

  async function attempt(action: () => Promise<void>, onFailure?: (error: unknown) => void): Promise<void> {
    setBusy(true);
    try {
      await action();
    } catch (error) {
      if (isUnauthenticated(error)) return;
      if (onFailure) onFailure(error);
      else messages.failed(explain(error));
    } finally {
      setBusy(false);
    }
  }

  return { isBusy, run: (action, onFailure) => void attempt(action, onFailure) };
}
