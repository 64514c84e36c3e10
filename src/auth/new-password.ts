import { askTwice, type HiddenInput, readInput } from '../lib/hidden-input.ts';
import { UserError } from '../lib/user-error.ts';

/** Maximum size of the input, in bytes. Larger than any password. */
const maxPasswordBytes = 8_192;

/**
 * Reads a new password from all of `input`, without the final line break.
 * @throws {UserError} if it is too long, or not UTF-8.
 */
export function readPasswordFrom(input: HiddenInput): Promise<string> {
  return readInput(input, 'password', maxPasswordBytes);
}

/**
 * Asks for a new password twice, without echo. The questions are written to `prompts`.
 * @throws {UserError} if there is no terminal, the two answers differ, or the user cancels.
 */
export async function askForPassword(input: HiddenInput, prompts: NodeJS.WritableStream): Promise<string> {
  if (input.isTTY !== true) {
    throw new UserError('cannot ask for the password without a terminal; pipe it in with --password-stdin');
  }
  return askTwice(input, prompts, 'password');
}
