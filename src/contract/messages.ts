/** What is said of values that are refused, where a schema has no words of its own: zod's are meant for programmers. */
import { z } from 'zod';

const typeWords: Readonly<Record<string, string>> = {
  string: 'Not a valid string.',
  number: 'A number is needed.',
  int: 'A whole number is needed.',
  boolean: 'True or false is needed.',
  array: 'A list is needed.',
  object: 'An object is needed.',
  record: 'An object is needed.',
};

/** undefined: what zod says is as good as any. */
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
