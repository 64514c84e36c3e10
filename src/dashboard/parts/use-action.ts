import { useState } from 'preact/hooks';
import { TaskbellError } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { explain } from '../messages.ts';

/** Runs an action, says whether it is still running, and shows its failure. */
export interface Action {
  readonly isBusy: boolean;
  /** @param onFailure replaces the message at the edge of the page. Not called for an ended session. */
  run(action: () => Promise<void>, onFailure?: (error: unknown) => void): void;
}

export function useAction(): Action {
  const { session, messages } = useDashboard();
  const [isBusy, setBusy] = useState(false);

  async function attempt(action: () => Promise<void>, onFailure?: (error: unknown) => void): Promise<void> {
    setBusy(true);
    try {
      await action();
    } catch (error) {
      if (error instanceof TaskbellError && error.status === 401) session.expired();
      else if (onFailure) onFailure(error);
      else messages.failed(explain(error));
    } finally {
      setBusy(false);
    }
  }

  return { isBusy, run: (action, onFailure) => void attempt(action, onFailure) };
}
