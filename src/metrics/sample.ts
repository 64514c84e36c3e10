/** A value that takes calls to Temporal, for a page that is read often, by several readers, or by none. */
export interface Sample<T> {
  /** Returns the value, read at most a while ago. @throws what reading throws, until it is read again. */
  read(): Promise<T>;
}

/** Time for which a sample is used, in milliseconds. */
const sampleMs = 30_000;

/** Reads a value only when it is asked for, and not again within half a minute, also if that fails. */
export function createSample<T>(
  read: () => Promise<T>,
  { everyMs = sampleMs, now = () => performance.now() }: { everyMs?: number; now?: () => number } = {},
): Sample<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | undefined;
  return {
    read() {
      if (last === undefined || now() - last.at >= everyMs) last = { at: now(), value: read() };
      return last.value;
    },
  };
}
