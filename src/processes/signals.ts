const caught = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Time within which two signals count as one, in milliseconds: under npm, one Ctrl-C arrives twice. */
const echoMs = 300;

/**
 * Stop requests: the first signal asks for an orderly stop, the second for an immediate one. close() removes
 * the handlers.
 */
export interface StopSignals {
  readonly stop: AbortSignal;
  readonly force: AbortSignal;
  close(): void;
}

export function catchSignals(): StopSignals {
  const stop = new AbortController();
  const force = new AbortController();
  let lastAt = Number.NEGATIVE_INFINITY;
  const handle = (signal: NodeJS.Signals): void => {
    const since = performance.now() - lastAt;
    lastAt = performance.now();
    if (since < echoMs) return;
    if (stop.signal.aborted) force.abort(new Error(`a second signal (${signal})`));
    else stop.abort(new Error(signal));
  };
  for (const signal of caught) process.on(signal, handle);
  return {
    stop: stop.signal,
    force: force.signal,
    close() {
      for (const signal of caught) process.off(signal, handle);
    },
  };
}
