import { useEffect, useRef } from 'preact/hooks';
import { comparable } from '../comparable.ts';
import { useDashboard, useWork } from '../../dashboard.ts';

export interface KeptDraft<T> {
  /** What the same account had filled in here when it left the form or its session ended. */
  readonly kept: T | undefined;
  /** Sets what to keep. */
  update(value: T): void;
  /** Keeps nothing: the form has been sent, or its user does not want it. */
  discard(): void;
}

/**
 * Keeps what has been filled in when its user leaves the form, or the session ends, until the tab is closed. Signing
 * out discards it.
 */
export function useDraft<T>(place: string): KeptDraft<T> {
  const { drafts, session } = useDashboard();
  const { account } = useWork();
  const key = `${account.id} ${place}`;
  // Stored by the effect below, under the same key.
  const kept = useRef(drafts.get(key) as T | undefined);
  /** The form as it opened, serialised, and as it is: undefined if it is not to be kept. */
  const forms = useRef<{ readonly first: string; latest: T | undefined }>(undefined);
  /** What was kept when the form was left. */
  const stored = useRef<T>(undefined);
  useEffect(() => {
    drafts.delete(key);
    const isChanged = (): boolean => {
      if (forms.current?.latest === undefined) return false;
      return kept.current !== undefined || comparable(forms.current.latest) !== forms.current.first;
    };
    // A page that is closed or loaded again forgets its drafts.
    const warn = (event: BeforeUnloadEvent): void => {
      if (isChanged()) event.preventDefault();
    };
    globalThis.addEventListener('beforeunload', warn);
    return () => {
      globalThis.removeEventListener('beforeunload', warn);
      if (session.hasSignedOut.peek() || !isChanged()) return;
      stored.current = forms.current?.latest;
      drafts.set(key, stored.current);
    };
  }, [drafts, session, key]);
  return {
    kept: kept.current,
    update(value) {
      forms.current ??= { first: comparable(value), latest: value };
      if (forms.current.latest !== undefined) forms.current.latest = value;
    },
    discard() {
      if (forms.current) forms.current.latest = undefined;
      // Its user may have left the form while it was being sent, and filled in another one since.
      if (stored.current !== undefined && drafts.get(key) === stored.current) drafts.delete(key);
    },
  };
}
