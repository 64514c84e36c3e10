/** Messages for rejected values where a schema does not define its own: zod's are written for programmers. */
import { z } from 'zod';

const typeWords: Readonly<Record<string, string>> = {
  string: 'Not a valid string.',
  number: 'Must be a number.',
  int: 'Must be a whole number.',
  boolean: 'Must be true or false.',
  array: 'Must be a list.',
  object: 'Must be an object.',
  record: 'Must be an object.',
};

/** Returns undefined where zod's own message is good enough. */
function words(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined ? 'This field is required.' : typeWords[issue.expected];
  }
  if (issue.code === 'too_big' && issue.inclusive !== false) {
    return bound('At most', issue.maximum, issue.origin);
  }
  if (issue.code !== 'too_small' || issue.inclusive === false) return undefined;
  if (issue.origin === 'string' && issue.input === '') return 'This field may not be blank.';
  return bound('At least', issue.minimum, issue.origin);
}

function bound(words: string, limit: number | bigint, origin: string): string | undefined {
  if (origin === 'number' || origin === 'int') return `${words} ${limit}.`;
  if (origin === 'string') return `${words} ${limit} character${Number(limit) === 1 ? '' : 's'}.`;
  if (origin === 'array') return `${words} ${limit} ${Number(limit) === 1 ? 'entry' : 'entries'}.`;
  return undefined;
}

z.config({ customError: words });
