/** The current time by the service's clock: due times, lateness and countdowns follow it, not the browser's clock. */
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Clock {
  /** Milliseconds since the epoch; updated about once a second while the page is visible. */
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
