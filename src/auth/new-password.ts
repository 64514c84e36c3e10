import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UserError } from './users.ts';

/** The part of standard input that reading passwords needs. */
export type PasswordInput = NodeJS.ReadableStream & { isTTY?: boolean };

/**
 * Maximum size of the input, in bytes. Larger than any password; a file piped in by mistake is not read to
 * its end.
 */
const maxPasswordBytes = 8_192;

/**
 * Reads a new password from all of `input`, without the final line break.
 * @throws {UserError} if it is too long, or not UTF-8.
 */
export async function readPasswordFrom(input: PasswordInput): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxPasswordBytes) throw new UserError('the password on standard input is too long');
    chunks.push(bytes);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
    return text.replace(/\r?\n$/, '');
  } catch (error) {
    throw new UserError('the password on standard input is not UTF-8', { cause: error });
  }
}

/**
 * Asks for a new password twice, without echo. The questions are written to `prompts`.
 * @throws {UserError} if there is no terminal, the two answers differ, or the user cancels.
 */
export async function askForPassword(input: PasswordInput, prompts: NodeJS.WritableStream): Promise<string> {
  if (input.isTTY !== true) {
    throw new UserError('cannot ask for the password without a terminal; pipe it in with --password-stdin');
  }
  // readline turns off the terminal's echo. Its own echo goes to a stream that drops it.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output, terminal: true, historySize: 0 });
  // One iterator for both answers: it keeps a second line that was pasted together with the first.
  const answers = lines[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    prompts.write(question);
    const answer = await answers.next();
    prompts.write('\n');
    // Ctrl-C and Ctrl-D close the input.
    if (answer.done === true) throw new UserError('cancelled');
    return answer.value;
  };
  try {
    const password = await ask('Password: ');
    if ((await ask('Again: ')) !== password) throw new UserError('the two passwords differ');
    return password;
  } finally {
    lines.close();
  }
}
