import { z } from 'zod';

/**
 * Returns a schema that accepts null as well. For schemas with an `id`, in place of `nullable()`: the OpenAPI document
 * then has null beside the reference to the component. With `nullable()` the component itself would be both, which
 * generators of clients can't express.
 */
export function orNull<T extends z.ZodType>(schema: T) {
  return z.union([schema, z.null()]);
}
