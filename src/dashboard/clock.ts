/** The present, as the service sees it: what is due, late or counted down follows its clock, not the browser's. */
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Clock {
  /** Milliseconds since the epoch; moves on about once a second while the page is seen. */
  readonly now: ReadonlySignal<number>;
}

const tickMs = 1000;

export function createClock(skewMs: ReadonlySignal<number>): Clock {
  const present = (): number => Date.now() + skewMs.peek();
  const now = signal(present());
  const tick = (): void => {
    if (document.visibilityState === 'visible') now.value = present();
  };
  setInterval(tick, tickMs);
  document.addEventListener('visibilitychange', tick);
  skewMs.subscribe(tick);
  return { now };
}
