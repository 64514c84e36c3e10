import { z } from 'zod';
import { problemExample } from './examples.ts';

/** The response to a rejected request, over HTTP or before a WebSocket upgrade. */
export interface Problem {
  readonly status: number;
  /** An RFC 9457 problem document. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

export const fieldError = z.object({
  pointer: z
    .string()
    .meta({ description: 'JSON pointer into the request body, or `?name` for a query parameter.' }),
  message: z.string(),
});

/** An RFC 9457 problem document. */
export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable error code for programs to act on.' }),
    errors: z.array(fieldError).optional(),
    request_id: z.string(),
  })
  .meta({ id: 'Problem', examples: [problemExample] });
