/**
 * What leaves a handler process, without the secrets that its handlers were given. The process replaces them itself,
 * before it cuts anything; this is for what handlers send past our code.
 */
import { maxCheckpointBytes, maxErrorMessageBytes, maxResultBytes } from '../../src/contract/limits.ts';
import { truncateBytes } from '../../src/contract/text.ts';
import { maxLineBytes } from '../log-lines.ts';
import type { SecretMask } from '../secret-mask.ts';
import type { FromHandler, HandlerReport } from './messages.ts';
import type { ProcessOutcome } from './process-outcome.ts';

/** What replaces a value may be longer: what then exceeds a limit is cut, or left out. */
export function maskedReport(report: HandlerReport, mask: SecretMask): HandlerReport {
  if (mask.isEmpty) return report;
  const { log, progress, checkpoint } = report;
  const json = checkpoint === undefined ? undefined : mask.json(checkpoint);
  return {
    ...(log && { log: log.map((line) => truncateBytes(mask.text(line), maxLineBytes)) }),
    ...(progress && { progress: { ...progress, message: truncateBytes(mask.text(progress.message), 1000) } }),
    ...(json !== undefined && Buffer.byteLength(json) <= maxCheckpointBytes && { checkpoint: json }),
  };
}

/** Returns how a handler ended. A result that is too large then has failed, as in its process. */
export function maskedEnd(
  end: Extract<FromHandler, { type: 'completed' | 'failed' }>,
  mask: SecretMask,
): Extract<ProcessOutcome, { kind: 'completed' | 'failed' }> {
  if (end.type === 'failed') {
    const shown = (text: string): string => truncateBytes(mask.text(text), maxErrorMessageBytes);
    const { type, message } = end.failure;
    return { kind: 'failed', failure: { ...end.failure, type: shown(type), message: shown(message) } };
  }
  const result = mask.json(end.result);
  if (mask.isEmpty || Buffer.byteLength(result) <= maxResultBytes) return { kind: 'completed', result };
  const message = `The result is over ${maxResultBytes} bytes of JSON once the secrets in it are replaced`;
  const failure = { type: 'ResultTooLarge', message, retryable: false, deliberate: true };
  return { kind: 'failed', failure };
}
