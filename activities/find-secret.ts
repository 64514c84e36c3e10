/** A secret for one request of a handler. */
export interface WantedSecret {
  readonly name: string;
  /** Name of the account that owns the task. */
  readonly owner: string;
  /** Where the value is to be sent. */
  readonly url: string;
}

/** What a worker answers. The task's owner does not see the reasons. */
export type SecretAnswer =
  | { readonly kind: 'found'; readonly value: string }
  /** There is none that this account may send to this URL. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The worker cannot read its secrets now. */
  | { readonly kind: 'unreadable' };

/**
 * Finds the value of a secret. Workers pass it to the attempts: they alone have the secrets, and Temporal never sees
 * one.
 */
export type FindSecret = (wanted: WantedSecret) => Promise<SecretAnswer>;
