/** For an Idempotency-Key. Not `crypto.randomUUID`: pages that come by plain http do not have it. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
