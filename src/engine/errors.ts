/** The Temporal server can't be had or can't be used. `message` is fit to be shown as it is: it says what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** What is being waited for, in words for a person; `detail` changes while it lasts. Whoever shows it keeps the time. */
export interface Progress {
  readonly waitingFor: string;
  readonly detail?: string;
}

export type Report = (progress: Progress) => void;

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
