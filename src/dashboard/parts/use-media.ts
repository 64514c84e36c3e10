import { useEffect, useState } from 'preact/hooks';

/** Returns whether a media query matches, and renders again when that changes. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => globalThis.matchMedia(query).matches);
  useEffect(() => {
    const list = globalThis.matchMedia(query);
    const look = (): void => setHolds(list.matches);
    look();
    list.addEventListener('change', look);
    return () => list.removeEventListener('change', look);
  }, [query]);
  return holds;
}
