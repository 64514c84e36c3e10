import { type KnownSession, sessionMeta } from '../contract/pages.ts';

/** Returns what the page was loaded with. Served from its sources by Vite, it knows nothing. */
export function knownSession(document: Document): KnownSession {
  const element = document.querySelector<HTMLMetaElement>(`meta[name="${sessionMeta}"]`);
  const known = element?.content;
  return known === 'none' || known === 'elsewhere' ? known : 'unknown';
}
