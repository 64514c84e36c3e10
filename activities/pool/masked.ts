/**
 * What leaves a handler process, without the secrets that its handlers were given. The process replaces them itself,
 * before it cuts anything; this is for what handlers send past our code.
 */
import { maxCheckpointBytes, maxErrorMessageBytes, maxResultBytes } from '../../src/contract/limits.ts';
import { truncateBytes } from '../../src/contract/text.ts';
import { maxLineBytes } from '../log-lines.ts';
import type { SecretMask } from '../secret-mask.ts';
import type { HandlerFailure, HandlerReport } from './messages.ts';

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

export function maskedFailure(failure: HandlerFailure, mask: SecretMask): HandlerFailure {
  const shown = (text: string): string => truncateBytes(mask.text(text), maxErrorMessageBytes);
  return { ...failure, type: shown(failure.type), message: shown(failure.message) };
}

/** Returns a result, or the failure that it would be if the process had replaced the secrets itself. */
export function maskedResult(json: string, mask: SecretMask): string | HandlerFailure {
  const result = mask.json(json);
  if (mask.isEmpty || Buffer.byteLength(result) <= maxResultBytes) return result;
  const message = `The result is over ${maxResultBytes} bytes of JSON once the secrets in it are replaced`;
  return { type: 'ResultTooLarge', message, retryable: false, deliberate: true };
}
