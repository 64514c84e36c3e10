import { z } from 'zod';

/** Any value that survives `JSON.parse(JSON.stringify(value))` unchanged. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * A part of a JSON document whose shape is somebody else's business. What we check came out of a JSON parser, so there
 * is nothing left to find out, and a recursive schema would fall over deep nesting (bounded in src/api/body.ts).
 */
export const jsonValue = z.unknown() as unknown as z.ZodType<JsonValue>;
