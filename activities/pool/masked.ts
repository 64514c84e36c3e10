/** What leaves a handler process, without the secrets that its handlers were given. */
import { maxErrorMessageBytes, maxResultBytes } from '../../src/contract/limits.ts';
import { truncateBytes } from '../../src/contract/text.ts';
import type { SecretMask } from '../secret-mask.ts';
import type { FromHandler, HandlerReport } from './messages.ts';
import type { PoolLogger } from './output.ts';

export function maskedMessage(message: FromHandler, mask: SecretMask): FromHandler {
  if (mask.isEmpty) return message;
  switch (message.type) {
    case 'report':
      return { ...message, report: maskedReport(message.report, mask) };
    case 'completed':
      return maskedResult(message, mask);
    case 'failed': {
      const { type, message: text } = message.failure;
      const shown = truncateBytes(mask.text(text), maxErrorMessageBytes);
      return { ...message, failure: { ...message.failure, type: mask.text(type), message: shown } };
    }
    case 'ready':
    case 'unusable':
    case 'started':
    case 'secret':
    case 'leaving':
    case 'ended_by_another':
      return message;
  }
}

function maskedReport({ log, progress, checkpoint }: HandlerReport, mask: SecretMask): HandlerReport {
  return {
    ...(log && { log: log.map((line) => mask.text(line)) }),
    ...(progress && { progress: { ...progress, message: mask.text(progress.message) } }),
    ...(checkpoint !== undefined && { checkpoint: mask.json(checkpoint) }),
  };
}

function maskedResult(message: Extract<FromHandler, { type: 'completed' }>, mask: SecretMask): FromHandler {
  const result = mask.json(message.result);
  if (Buffer.byteLength(result) <= maxResultBytes) return { ...message, result };
  // A value may be shorter than what replaces it.
  const why = `The result is over ${maxResultBytes} bytes of JSON once the secrets in it are replaced`;
  const failure = { type: 'ResultTooLarge', message: why, retryable: false, deliberate: true };
  return { type: 'failed', number: message.number, failure, residentBytes: message.residentBytes };
}

export function maskingLogger(logger: PoolLogger, mask: SecretMask): PoolLogger {
  return {
    info: (facts, message) => logger.info(facts, mask.text(message)),
    warn: (facts, message) => logger.warn(facts, mask.text(message)),
    error: (facts, message) => logger.error(facts, mask.text(message)),
  };
}
