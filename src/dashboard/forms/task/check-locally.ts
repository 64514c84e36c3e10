import type { FieldError } from '../../../client/index.ts';
import { fieldErrors } from '../../../contract/issues.ts';
import { createTaskInput, editTaskInput } from '../../../contract/task.ts';

const schemas = { create: createTaskInput, edit: editTaskInput };

/**
 * Checks the fields that could be read against the API's own schema. Without this check, an error that
 * prevents sending would hide the errors that the API would report for other fields.
 */
export function checkLocally(what: keyof typeof schemas, body: unknown): FieldError[] {
  const { error } = schemas[what].safeParse(body);
  return error ? fieldErrors(error) : [];
}
