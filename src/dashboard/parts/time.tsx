import { useDashboard } from '../dashboard.ts';
import { exactTime, relative, shortTime } from '../format.ts';

/** An instant in the viewer's zone; exactly when one points at it. */
export function Time({ at, as = 'short' }: { at: string; as?: 'short' | 'relative' | 'both' }) {
  const { clock } = useDashboard();
  const now = clock.now.value;
  const ms = Date.parse(at);
  const texts = { short: shortTime(ms, now), relative: relative(ms, now) };
  return (
    <time dateTime={at} title={exactTime(at)}>
      {as === 'both' ? (
        <>
          {texts.short} <span class="quiet">{texts.relative}</span>
        </>
      ) : (
        texts[as]
      )}
    </time>
  );
}
