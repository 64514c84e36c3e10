/** Serialises a value including the maps of drafts, which JSON would leave out. */
export function comparable(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Map ? [...inner] : inner));
}
