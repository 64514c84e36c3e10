/** The Temporal server can't be obtained or used. `message` can be shown unchanged: it says what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** What is being waited for, in words for people; `detail` changes during the wait. The code that shows it times it. */
export interface Progress {
  readonly waitingFor: string;
  readonly detail?: string;
}

export type Report = (progress: Progress) => void;
