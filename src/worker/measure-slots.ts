import type { Slots } from '../../activities/slots.ts';
import type { Telemetry } from '../metrics/telemetry.ts';

/** @param count number of slots, without guest slots. @returns a function that ends this. */
export function measureSlots(telemetry: Telemetry, slots: Slots, count: number): () => void {
  return telemetry.gauge('taskbell_slots', () => {
    const { own, guest } = slots.used;
    return [
      { labels: { state: 'used' }, value: own },
      { labels: { state: 'free' }, value: Math.max(0, count - own) },
      { labels: { state: 'guest' }, value: guest },
    ];
  });
}
