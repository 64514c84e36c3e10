import { z } from 'zod';

/** Any value that survives `JSON.parse(JSON.stringify(value))` unchanged. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * A part of a JSON document whose shape is not checked here. The value comes from a JSON parser, so there is nothing
 * left to check, and a recursive schema would fail on deep nesting (bounded in src/api/body.ts).
 */
export const jsonValue = z.unknown() as unknown as z.ZodType<JsonValue>;
