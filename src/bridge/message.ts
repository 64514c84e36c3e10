import type { FeedMessage } from '../contract/task.ts';

/** A message of the feeds, serialised once for all receivers. */
export interface OutgoingMessage {
  /** The message as JSON. */
  readonly text: string;
  /** Id of its task, or {@link noticeKey}. While messages wait for a slow reader, the latest of each key is enough. */
  readonly key: string;
  /** Whether it reports the end of a run. */
  readonly isEnd: boolean;
}

/** Key of the notices about the feed itself. */
export const noticeKey = 'notice';

/** Prepares a message for sending. */
export function outgoing(message: FeedMessage): OutgoingMessage {
  return {
    text: JSON.stringify(message),
    key: message.type === 'notice' ? noticeKey : message.id,
    isEnd: message.type === 'task' && message.finished_at !== null,
  };
}
