import { useEffect, useRef } from 'preact/hooks';
import type { Based } from './use-basis.ts';

/** Always rendered, so that screen readers announce when the task has changed in the meantime. */
export function Stale({ based, detail = '' }: { based: Based; detail?: string }) {
  return <div role="alert">{based.isStale && <Advice based={based} detail={detail} />}</div>;
}

/** Shown beside the submit button, and takes the focus that this button loses when it is disabled. */
function Advice({ based: { isBusy, loadLatest }, detail }: { based: Based; detail: string }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <div class="problem stale">
      <p>
        The task has changed in the meantime{detail}. Load the latest version: your changes here are kept.
      </p>
      <button ref={button} type="button" class="small" disabled={isBusy} onClick={loadLatest}>
        Load latest version
      </button>
    </div>
  );
}
