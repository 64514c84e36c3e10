import type { StopReason } from '../types/define.ts';
import type { HandlerFailure } from './messages.ts';

/** Why we kill a process while its handler runs. */
export type KillReason = 'TimeLimitExceeded' | 'MemoryLimitExceeded' | StopReason;

/** How a handler's run ended. */
export type ProcessOutcome =
  | { readonly kind: 'completed'; readonly result: string }
  | { readonly kind: 'failed'; readonly failure: HandlerFailure }
  /** Its process ended without reporting an outcome. */
  | {
      readonly kind: 'died';
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly killedFor: KillReason | undefined;
      /** Whether something that an earlier handler left behind ended it. */
      readonly byAnother: boolean;
    }
  /**
   * The handler was never called: the process had ended, or an earlier handler had left something that
   * blocked it.
   */
  | { readonly kind: 'not_started' };
