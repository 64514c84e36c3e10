import { useComputed } from '@preact/signals';
import { useDashboard } from '../dashboard.ts';
import { exactTime, relative, shortTime } from '../format.ts';

/** An instant in the viewer's time zone; its tooltip is exact. `stacked`: the distance from now is below. */
export function Time({ at, as = 'short' }: { at: string; as?: 'short' | 'relative' | 'both' | 'stacked' }) {
  const { clock } = useDashboard();
  // Rendered again only when the text changes, not at each tick.
  const short = useComputed(() => shortTime(Date.parse(at), clock.now.value)).value;
  const distance = useComputed(() => relative(Date.parse(at), clock.now.value)).value;
  const classes = as === 'stacked' ? 'time-stacked' : undefined;
  return (
    <time dateTime={at} title={exactTime(at)} class={classes}>
      {as === 'relative' ? distance : short}
      {(as === 'both' || as === 'stacked') && (
        <>
          {' '}
          <span class="quiet">{distance}</span>
        </>
      )}
    </time>
  );
}
