/**
 * Blocks the event loop forever, as an endless loop does, but without using the processor: other tests run at the same
 * time.
 */
export function block() {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(never, 0, 0, 1000);
}
