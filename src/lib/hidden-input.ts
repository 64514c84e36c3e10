import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UserError } from './user-error.ts';

/** The part of standard input that reading what must not be shown needs. */
export type HiddenInput = NodeJS.ReadableStream & { isTTY?: boolean };

/**
 * Reads all of `input`, without the final line break.
 * @param what the word for it in messages, such as `password`
 * @param maxBytes maximum size; a file piped in by mistake is not read to its end
 * @throws {UserError} if it is too long, or not UTF-8.
 */
export async function readInput(input: HiddenInput, what: string, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxBytes) throw new UserError(`the ${what} on standard input is too long`);
    chunks.push(bytes);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
    return text.replace(/\r?\n$/, '');
  } catch (error) {
    throw new UserError(`the ${what} on standard input is not UTF-8`, { cause: error });
  }
}

/**
 * Asks for something twice on a terminal, without echo. The questions are written to `prompts`.
 * @throws {UserError} if the two answers differ, or the user cancels.
 */
export async function askTwice(
  input: HiddenInput,
  prompts: NodeJS.WritableStream,
  what: string,
): Promise<string> {
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
    const first = await ask(`${what.charAt(0).toUpperCase()}${what.slice(1)}: `);
    if ((await ask('Again: ')) !== first) throw new UserError(`the two ${what}s differ`);
    return first;
  } finally {
    lines.close();
  }
}
