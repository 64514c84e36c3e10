import { useEffect, useRef } from 'preact/hooks';
import type { Based } from './use-basis.ts';

/** Always there, so that screen readers tell of it when the task has changed meanwhile. */
export function Stale({ based, detail = '' }: { based: Based; detail?: string }) {
  return <div role="alert">{based.isStale && <Advice based={based} detail={detail} />}</div>;
}

/** Beside the button that was pressed, and with the focus that it loses. */
function Advice({ based: { isBusy, takeNewest }, detail }: { based: Based; detail: string }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <div class="problem stale">
      <p>The task has changed meanwhile{detail}. Take the newest: what you have changed here is kept.</p>
      <button ref={button} type="button" class="small" disabled={isBusy} onClick={takeNewest}>
        Take the newest
      </button>
    </div>
  );
}
