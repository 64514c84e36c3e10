import type { z } from 'zod';
import { pointerOf, pointerTo } from '../lib/pointer.ts';
import type { FieldError } from './errors.ts';

/**
 * Returns where and why zod rejected a value.
 * @param base JSON pointer of the value in the request body.
 */
export function fieldErrors(error: z.ZodError, base = ''): FieldError[] {
  return withoutEchoes(error.issues).flatMap((issue) => {
    const at = base + pointerOf(issue.path);
    if (issue.code !== 'unrecognized_keys') return [{ pointer: at, message: issue.message }];
    return issue.keys.map((key) => ({ pointer: pointerTo(at, key), message: 'Unknown field.' }));
  });
}

/**
 * Drops further issues of a value of the wrong type: zod checks the length even of a string where it expects
 * a list.
 */
function withoutEchoes(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const ofWrongType = new Set(
    issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => pointerOf(path)),
  );
  return issues.filter(({ code, path }) => code === 'invalid_type' || !ofWrongType.has(pointerOf(path)));
}

/** Returns the errors of query parameters, which have names instead of pointers. */
export function queryErrors(error: z.ZodError): FieldError[] {
  return fieldErrors(error).map((found) => ({ ...found, pointer: `?${found.pointer.slice(1)}` }));
}
