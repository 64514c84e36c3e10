/**
 * Description of a wait, for people; `detail` changes during the wait. The code that shows it measures the
 * time.
 */
export interface Progress {
  readonly waitingFor: string;
  readonly detail?: string;
}

export type ReportProgress = (progress: Progress) => void;
