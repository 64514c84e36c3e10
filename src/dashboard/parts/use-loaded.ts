import { useEffect, useState } from 'preact/hooks';
import { explain } from '../page-messages.ts';

export type Loaded<T> =
  | { readonly status: 'loading' }
  | { readonly status: 'there'; readonly value: T }
  | { readonly status: 'failed'; readonly detail: string; again(): void };

/** Loads what a form needs before it can be shown. @param key loads again when it changes */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, key: string): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ status: 'loading' });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setLoaded({ status: 'loading' });
    load(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setLoaded({ status: 'there', value });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const again = (): void => setTries((before) => before + 1);
        setLoaded({ status: 'failed', detail: explain(error), again });
      },
    );
    return () => abort.abort();
  }, [key, tries]);
  return loaded;
}
