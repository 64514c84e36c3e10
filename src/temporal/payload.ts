import { defaultPayloadConverter, type Payload } from '@temporalio/common';

/**
 * Decodes a payload. The caller names the shape, which the code that wrote it guarantees.
 * @returns undefined for a payload that our code can't have written: it is not JSON, or encrypted, for example.
 */
export function decode<T>(payload: Payload | null | undefined): T | undefined {
  if (!payload) return undefined;
  try {
    return defaultPayloadConverter.fromPayload<T>(payload);
  } catch {
    return undefined;
  }
}

/** Returns a protobuf timestamp in milliseconds since the epoch, or a protobuf duration in milliseconds. */
export function millis(
  timestamp: { seconds?: unknown; nanos?: number | null } | null | undefined,
): number | undefined {
  if (!timestamp) return undefined;
  return Number(timestamp.seconds ?? 0) * 1000 + Math.floor((timestamp.nanos ?? 0) / 1_000_000);
}
