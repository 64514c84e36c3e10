/** Maximum size of an error message stored with an attempt, in bytes; well below the server's limit for a failure. */
export const maxErrorMessageBytes = 4 * 1024;

/** Maximum retry delay that a handler can request: one day, in milliseconds. */
const maxRetryAfterMs = 86_400_000;

/**
 * Clamps a handler's requested retry delay, in milliseconds. 0 means none. A date out of range would fail the
 * workflow task forever, so the workflow clamps the delay as well, whatever the activity has sent.
 */
export function boundedRetryAfterMs(asked: number): number {
  return asked > 0 ? Math.min(Math.ceil(asked), maxRetryAfterMs) : 0;
}

/** Default of the time limit after which a handler is asked to stop, in seconds. */
export const defaultSoftTimeLimit = 1500;

/** Default of the time limit after which an attempt is ended, in seconds. */
export const defaultTimeLimit = 1800;

/** Maximum time limit of an attempt, in seconds. A service can have a lower one. */
export const maxTimeLimitSeconds = 7 * 86_400;

/** Maximum size of a task's payload, in bytes of JSON. */
export const maxPayloadBytes = 256 * 1024;

/** Maximum size of a task's result, in bytes of JSON. */
export const maxResultBytes = 256 * 1024;

/** Maximum size of a checkpoint, which is part of every heartbeat, in bytes of JSON. */
export const maxCheckpointBytes = 256 * 1024;

/**
 * Maximum total size of the checkpoints that the failed attempts of one run hand on, in bytes of JSON. Each is stored
 * twice in the event history, which is limited to 50 MB. Beyond this, an attempt after a failure starts from scratch.
 */
export const maxTotalCheckpointBytes = 8 * 1024 * 1024;
