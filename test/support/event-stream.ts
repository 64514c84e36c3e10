/** A stream of Server-Sent Events, as received over the wire. */
export interface EventStream {
  readonly status: number;
  readonly text: string;
  readonly ended: boolean;
  /** Data of the `end` event; empty before it arrives. */
  readonly end: { readonly code?: number; readonly reason?: string };
  leave(): void;
}

/** Opens `/api/tasks/ID/events/`, and reads it in the background until it ends. */
export async function openEvents(
  service: { readonly url: string },
  id: string,
  headers: Record<string, string>,
): Promise<EventStream> {
  const leaving = new AbortController();
  const response = await fetch(`${service.url}/api/tasks/${id}/events/`, { headers, signal: leaving.signal });
  const seen = { text: '', ended: false };
  async function read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? [])
      seen.text += decoder.decode(chunk as Uint8Array, { stream: true });
    seen.ended = true;
  }
  // Reading fails once leave() has aborted the request.
  read().catch(() => undefined);
  return {
    status: response.status,
    get text() {
      return seen.text;
    },
    get ended() {
      return seen.ended;
    },
    get end() {
      const [, data = '{}'] = /event: end\ndata: (.*)\n/.exec(seen.text) ?? [];
      return JSON.parse(data) as { code?: number; reason?: string };
    },
    leave: () => leaving.abort(),
  };
}
