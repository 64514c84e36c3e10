/** Of an error as it is kept with its attempt: well below what the server stores of a failure. */
export const maxErrorMessageBytes = 4 * 1024;

/** A day: the longest wait that a handler can ask for. */
const maxRetryAfterMs = 86_400_000;

/**
 * What is granted of the wait that a handler asks for; 0 for none. A date that no calendar has would fail the workflow
 * task for ever, so the workflow asks here too, whatever the activity has sent.
 */
export function boundedRetryAfterMs(asked: number): number {
  return asked > 0 ? Math.min(Math.ceil(asked), maxRetryAfterMs) : 0;
}

/** Of a task's result, as JSON. */
export const maxResultBytes = 256 * 1024;

/** Of a checkpoint, as JSON: it rides in every heartbeat. */
export const maxCheckpointBytes = 256 * 1024;

/**
 * Of all the checkpoints that failed attempts hand on in one run, as JSON. Each stands twice in the event history,
 * which may have 50 MB; beyond this, an attempt after a failure begins anew.
 */
export const maxCheckpointBytesInAll = 8 * 1024 * 1024;
