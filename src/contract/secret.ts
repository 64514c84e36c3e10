import { z } from 'zod';

/** Form of a secret's name, in payloads and commands. */
export const secretNameForm = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Minimum length of a value that is found in what attempts report, in characters: a shorter one occurs by chance. */
export const minMaskedLength = 8;

/** Stands for the value of a secret in a payload. Only the worker that runs the task knows the value. */
export const secretReference = z.strictObject({
  secret: z.string().regex(secretNameForm, 'Not a valid name of a secret'),
  /** Text to put before the value, such as `Bearer `. */
  prefix: z.string().optional(),
});
