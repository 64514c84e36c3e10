import { z } from 'zod';
import { problemExample } from './examples.ts';

/** How a refusal is answered over HTTP, and before a WebSocket's upgrade. */
export interface Problem {
  readonly status: number;
  /** An RFC 9457 problem document. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

export const fieldError = z.object({
  pointer: z.string().meta({ description: 'JSON pointer into the body, or `?name` of a query parameter.' }),
  message: z.string(),
});

/** An RFC 9457 problem document. */
export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'A stable word to decide by.' }),
    errors: z.array(fieldError).optional(),
    request_id: z.string(),
  })
  .meta({ id: 'Problem', examples: [problemExample] });
