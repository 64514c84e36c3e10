import type { FieldError } from '../../client/index.ts';
import { fieldErrors } from '../../contract/issues.ts';
import { createTaskInput, editTaskInput } from '../../contract/task.ts';

const schemas = { create: createTaskInput, edit: editTaskInput };

/**
 * What the interface would say of all that can be read, by the schema that it goes by itself: a fault in one field, for
 * which nothing can be sent, hides no fault in another.
 */
export function checkLocally(what: keyof typeof schemas, body: unknown): FieldError[] {
  const { error } = schemas[what].safeParse(body);
  return error ? fieldErrors(error) : [];
}
