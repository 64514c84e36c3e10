import type { z } from 'zod';
import type { FieldError } from './errors.ts';

/**
 * Says where and why zod refused a value.
 * @param base JSON pointer of the value in the request's body.
 */
export function fieldErrors(error: z.ZodError, base = ''): FieldError[] {
  return withoutEchoes(error.issues).flatMap((issue) => {
    const at = base + pointer(issue.path);
    if (issue.code !== 'unrecognized_keys') return [{ pointer: at, message: issue.message }];
    return issue.keys.map((key) => ({ pointer: at + pointer([key]), message: 'There is no such field.' }));
  });
}

/** zod measures the length of a text where a list was wanted: what is of the wrong type need not be told more. */
function withoutEchoes(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const ofWrongType = new Set(
    issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => pointer(path)),
  );
  return issues.filter(({ code, path }) => code === 'invalid_type' || !ofWrongType.has(pointer(path)));
}

/** The same of query parameters, which have names and no pointers. */
export function queryErrors(error: z.ZodError): FieldError[] {
  return fieldErrors(error).map((found) => ({ ...found, pointer: `?${found.pointer.slice(1)}` }));
}

/** RFC 6901. */
function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
