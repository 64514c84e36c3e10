import type { WorkerTuner } from '@temporalio/worker';
import type { Slots } from '../../activities/slots.ts';

/** Makes a Temporal worker poll for one attempt at a time, and start to only while a guest may come. */
export function guestTuner(slots: Slots): WorkerTuner {
  const unused = { type: 'fixed-size', numSlots: 1 } as const;
  return {
    workflowTaskSlotSupplier: unused,
    localActivityTaskSlotSupplier: unused,
    nexusTaskSlotSupplier: unused,
    activityTaskSlotSupplier: {
      type: 'custom',
      reserveSlot: (_context, signal) => slots.reserveGuest(signal),
      // For eager dispatch, which bypasses fairness.
      tryReserveSlot: () => null,
      markSlotUsed: () => undefined,
      releaseSlot: ({ permit }) => slots.releaseGuest(permit),
    },
  };
}
