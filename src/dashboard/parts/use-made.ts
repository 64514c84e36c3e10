import { type Inputs, useLayoutEffect, useState } from 'preact/hooks';

/**
 * Something that lives as long as a page, or until what it depends on changes; undefined until it is made. Not made
 * while rendering: a page that is left before it was shown would leave it behind.
 */
export function useMade<T extends { close(): void }>(make: () => T, inputs: Inputs): T | undefined {
  const [made, setMade] = useState<T>();
  useLayoutEffect(() => {
    const next = make();
    setMade(() => next);
    return () => next.close();
  }, inputs);
  return made;
}
