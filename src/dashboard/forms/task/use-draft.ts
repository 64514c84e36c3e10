import { useEffect, useRef } from 'preact/hooks';
import { useDashboard, useWork } from '../../dashboard.ts';

export interface KeptDraft<T> {
  /**
   * What was filled in here when the session ended or another account signed in; set once the same account
   * has signed in again.
   */
  readonly kept: T | undefined;
  /** Sets what to keep if the session ends. */
  update(value: T): void;
}

/** Keeps what has been filled in if the session ends. Only then: leaving a form discards it. */
export function useDraft<T>(place: string): KeptDraft<T> {
  const { drafts, session } = useDashboard();
  const { account } = useWork();
  const key = `${account.id} ${place}`;
  // Stored by the effect below, under the same key.
  const kept = useRef(drafts.get(key) as T | undefined);
  const latest = useRef<T>(undefined);
  useEffect(() => {
    drafts.delete(key);
    return () => {
      const state = session.state.peek();
      const isOthers = state.status === 'signed-in' && state.account.id !== account.id;
      const hasEnded = isOthers || (state.status === 'anonymous' && state.detail !== undefined);
      if (hasEnded && latest.current !== undefined) drafts.set(key, latest.current);
    };
  }, [drafts, session, key, account.id]);
  return {
    kept: kept.current,
    update(value) {
      latest.current = value;
    },
  };
}
