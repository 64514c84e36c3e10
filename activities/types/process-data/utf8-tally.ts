import { isUtf8 } from 'node:buffer';
import { unusedInWindows1252 } from './transcode.ts';

/**
 * Weighs what the bytes beyond ASCII are, in a file that is not UTF-8: a text in Windows-1252, or one in UTF-8
 * with a fault? In the former, few bytes happen to look like characters of UTF-8; in the latter, most do.
 */
export class Utf8Tally {
  /** Number of sequences with the structure of UTF-8, also those that it forbids, such as surrogates. */
  #structured = 0;
  /** Number of other bytes beyond ASCII. */
  #stray = 0;
  /** Position of the next piece, and what of the last one waits for it. */
  #position: number;
  #unfinished = Buffer.alloc(0);
  #broken: Place | undefined;
  #unfit: Place | undefined;
  #isCut = false;

  /** @param position position of the first piece in the file. */
  constructor(position: number) {
    this.#position = position;
  }

  /** Whether the file is UTF-8 with a fault, rather than something else. */
  get isBrokenUtf8(): boolean {
    return this.#isCut || this.#structured >= this.#stray;
  }

  /** Whether its only fault is that it ends within a character. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The first byte that is not UTF-8. */
  get broken(): Place | undefined {
    return this.#broken;
  }

  /** The first byte that has no character in Windows-1252. */
  get unfit(): Place | undefined {
    return this.#unfit;
  }

  add(piece: Buffer): void {
    const bytes = Buffer.concat([this.#unfinished, piece]);
    const start = this.#position - this.#unfinished.length;
    this.#position += piece.length;
    this.#unfinished = Buffer.alloc(0);
    for (let i = 0; i < bytes.length;) {
      const byte = bytes[i] ?? 0;
      if (byte < 0x80) {
        i++;
        continue;
      }
      const length = lengthAfter(byte);
      const found = structuredBytes(bytes, i, length);
      if (found < length && i + found === bytes.length) {
        this.#unfinished = Buffer.from(bytes.subarray(i));
        return;
      }
      const isStructured = length > 1 && found === length;
      const size = isStructured ? length : 1;
      const sequence = bytes.subarray(i, i + size);
      this.#count(isStructured, sequence, start + i);
      i += size;
    }
  }

  /** Called after the last piece. */
  end(): void {
    if (this.#unfinished.length === 0) return;
    const at = this.#position - this.#unfinished.length;
    this.#isCut = this.#broken === undefined;
    for (const [i, byte] of this.#unfinished.entries()) this.#count(false, Buffer.from([byte]), at + i);
  }

  #count(isStructured: boolean, sequence: Buffer, at: number): void {
    if (isStructured) this.#structured++;
    else this.#stray++;
    if (!this.#broken && !(isStructured && isUtf8(sequence))) this.#broken = { at, byte: sequence[0] ?? 0 };
    if (this.#unfit) return;
    const unfit = sequence.findIndex((byte) => unusedInWindows1252.has(byte));
    if (unfit !== -1) this.#unfit = { at: at + unfit, byte: sequence[unfit] ?? 0 };
  }
}

/** A byte of a file. */
export interface Place {
  readonly at: number;
  readonly byte: number;
}

/** Returns the length that a first byte announces; 1 for a byte that begins no sequence. */
function lengthAfter(byte: number): number {
  if (byte < 0xc0 || byte > 0xf7) return 1;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

function structuredBytes(bytes: Buffer, start: number, length: number): number {
  let found = 1;
  while (found < length && ((bytes[start + found] ?? 0) & 0xc0) === 0x80) found++;
  return found;
}
