/** A secret for one request of a handler. */
export interface WantedSecret {
  readonly name: string;
  /** Name of the account that owns the task. */
  readonly owner: string;
  /** Where the value is to be sent. */
  readonly url: string;
}

/**
 * Returns the value of a secret; undefined if there is none that this account may send to this URL. Never rejects.
 * Workers pass it to the attempts: they alone have the secrets, and Temporal never sees one.
 */
export type FindSecret = (wanted: WantedSecret) => Promise<string | undefined>;
