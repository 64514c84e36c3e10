import { encodingKeys, METADATA_ENCODING_KEY, type Payload } from '@temporalio/common';

/** Encoding of JSON, as payloads name it. */
const json = Buffer.from(encodingKeys.METADATA_ENCODING_JSON);

/**
 * Decodes a payload. The caller names the shape, which the code that wrote it guarantees. The SDK's own converter decodes
 * UTF-8 in JavaScript, twice for each payload: a list of a hundred tasks has two thousand.
 * @returns undefined for a payload that our code can't have written: it is not JSON, or encrypted, for example.
 */
export function decode<T>(payload: Payload | null | undefined): T | undefined {
  const encoding = payload?.metadata?.[METADATA_ENCODING_KEY];
  if (!payload?.data || !encoding || !json.equals(encoding)) return undefined;
  const { buffer, byteOffset, byteLength } = payload.data;
  try {
    return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as T;
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
