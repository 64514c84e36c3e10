/** Notifies the task's workflow, once, that its attempt is running. Short attempts end before, and spare it the work. */
export interface Announcement {
  /** Sends it after some milliseconds, unless it was sent before. */
  after(ms: number): void;
  now(): void;
  /** Called when the attempt has ended: nothing is sent any more. */
  close(): void;
}

export function createAnnouncement(
  send: () => Promise<void>,
  onError: (error: unknown) => void,
): Announcement {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const close = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  const now = (): void => {
    if (isOver) return;
    close();
    send().catch(onError);
  };
  return {
    after: (ms) => {
      timer = setTimeout(now, ms);
    },
    now,
    close,
  };
}
