/** The Temporal server can't be obtained or used. `message` can be shown unchanged: it says what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/**
 * The Temporal server can't be reached now. `message` can be shown unchanged: it says what to check. Unlike after an
 * {@link EngineError}, starting the process again may help.
 */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
}

/**
 * Description of a wait, for people; `detail` changes during the wait. The code that shows it measures the
 * time.
 */
export interface Progress {
  readonly waitingFor: string;
  readonly detail?: string;
}

export type Report = (progress: Progress) => void;
