/** The interface through which the parts of the client send requests. */
export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether the request has one effect however often it arrives, so that it can be repeated if no response came. */
  readonly repeatable?: boolean;
}

export interface Answer<B> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: B;
}

/** @throws TaskbellError, or the signal's reason. */
export type Send = <B>(method: string, path: string, options?: RequestOptions) => Promise<Answer<B>>;
