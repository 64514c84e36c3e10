import { MIMEType, TextDecoder } from 'node:util';
import { decodeWindows1252 } from '../../../src/lib/windows-1252.ts';
import type { Body } from './body.ts';

/** A body as a result has it. */
export interface BodyText {
  /** The text, or the bytes in base64 if they are no text. */
  readonly body: string;
  readonly body_encoding: 'text' | 'base64';
  /** The charset that the bytes had, such as `utf-8`; null if they are no text. */
  readonly charset: string | null;
  readonly truncated: boolean;
}

/** Byte order marks and their charsets. TextDecoder removes the mark. */
const marks = [
  { charset: 'utf-8', mark: Buffer.from([0xef, 0xbb, 0xbf]) },
  { charset: 'utf-16be', mark: Buffer.from([0xfe, 0xff]) },
  { charset: 'utf-16le', mark: Buffer.from([0xff, 0xfe]) },
] as const;
/** Begins with the mark of UTF-16, but TextDecoder has no UTF-32. */
const utf32Mark = Buffer.from([0xff, 0xfe, 0, 0]);

/**
 * Returns a body as text if it is valid text in its charset, and else in base64, so that no byte is lost. The charset
 * is that of a byte order mark, or of the Content-Type, or else UTF-8. A character that a limit cuts in two is left
 * out.
 * @param maxJsonBytes maximum size of the text, in bytes of JSON
 */
export function bodyText(body: Body, contentType: string | undefined, maxJsonBytes: number): BodyText {
  const { bytes, isCut } = body;
  const decoded = body.unknownCodings.length === 0 ? decodeText(body, charsetOf(contentType)) : undefined;
  if (decoded === undefined) {
    // Three bytes become four characters.
    const kept = bytes.subarray(0, Math.floor(maxJsonBytes / 4) * 3);
    const truncated = isCut || kept.length < bytes.length;
    return { body: kept.toString('base64'), body_encoding: 'base64', charset: null, truncated };
  }
  const { text, charset } = decoded;
  const kept = beginning(text, maxJsonBytes);
  return { body: kept, body_encoding: 'text', charset, truncated: isCut || kept.length < text.length };
}

/** Returns the charset of a Content-Type header. */
function charsetOf(contentType: string | undefined): string | undefined {
  try {
    return new MIMEType(contentType ?? '').params.get('charset') ?? undefined;
  } catch {
    // Not a valid media type, so it has no parameters either.
    return undefined;
  }
}

/** @param label a WHATWG label; one that TextDecoder does not know counts as UTF-8. */
function decodeText(
  { bytes, isCut }: Pick<Body, 'bytes' | 'isCut'>,
  label = 'utf-8',
): { text: string; charset: string } | undefined {
  const startsWith = (mark: Buffer): boolean => bytes.subarray(0, mark.length).equals(mark);
  if (startsWith(utf32Mark)) return undefined;
  const marked = marks.find(({ mark }) => startsWith(mark))?.charset;
  const decoder = strictDecoder(marked ?? label) ?? strictDecoder('utf-8');
  if (decoder === undefined) return undefined;
  const charset = decoder.encoding;
  if (charset === 'windows-1252') return { text: decodeWindows1252(bytes), charset };
  try {
    return { text: decoder.decode(bytes, { stream: isCut }), charset };
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Creates a decoder that throws a TypeError for bytes that its charset does not have. */
function strictDecoder(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Returns the beginning of a text that fits into a number of bytes of JSON. */
function beginning(text: string, maxJsonBytes: number): string {
  let jsonBytes = 0;
  let end = 0;
  for (const character of text) {
    jsonBytes += jsonBytesOf(character);
    if (jsonBytes > maxJsonBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function jsonBytesOf(character: string): number {
  if (character === '"' || character === '\\' || character === '\n' || character === '\r') return 2;
  return character < ' ' ? 6 : Buffer.byteLength(character);
}
