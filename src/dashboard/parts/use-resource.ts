import { type Inputs, useLayoutEffect, useState } from 'preact/hooks';

/**
 * Makes a resource that lives as long as the page, or until its inputs change. Returns undefined until it is
 * made. It is not made while rendering: a page that is left before it is shown would never close it.
 */
export function useResource<T extends { close(): void }>(make: () => T, inputs: Inputs): T | undefined {
  const [made, setMade] = useState<T>();
  useLayoutEffect(() => {
    const next = make();
    setMade(() => next);
    return () => next.close();
  }, inputs);
  return made;
}
