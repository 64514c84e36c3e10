import { useEffect } from 'preact/hooks';

/** Sets the title of the browser tab while the page is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Taskbell`;
  }, [title]);
}
