import { minMaskedLength } from '../src/contract/secret.ts';

/**
 * Replaces values of secrets in what leaves a worker, since servers echo headers in their responses. Recognises a
 * value as it is, and as JSON and URLs escape it, also if it was cut short; not what a server makes of it otherwise.
 */
export class SecretMask {
  /** What to replace, the longest first: one secret may begin with another. */
  #forms: readonly (readonly [form: string, replacement: string])[] = [];

  get isEmpty(): boolean {
    return this.#forms.length === 0;
  }

  add(name: string, value: string): void {
    if (value.length < minMaskedLength) return;
    const all = new Map(this.#forms);
    for (const form of formsOf(value)) all.set(form, `[secret ${name}]`);
    this.#forms = [...all].toSorted(([a], [b]) => b.length - a.length);
  }

  text(text: string): string {
    return this.#forms.reduce((masked, [form, replacement]) => replaceIn(masked, form, replacement), text);
  }

  /** Masks the texts and keys of JSON. */
  json(json: string): string {
    if (this.isEmpty) return json;
    return json.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"/g, (literal) => this.#literal(literal));
  }

  /** Masks bytes in any charset that includes ASCII. */
  bytes(bytes: Buffer): Buffer {
    return this.isEmpty ? bytes : Buffer.from(this.text(bytes.toString('latin1')), 'latin1');
  }

  #literal(literal: string): string {
    let text: string;
    try {
      text = JSON.parse(literal);
    } catch {
      // Not JSON: a handler has bypassed our code.
      return this.text(literal);
    }
    const masked = this.text(text);
    return masked === text ? literal : JSON.stringify(masked);
  }
}

function formsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  // Some write JSON with escaped slashes. Bytes are read as Latin-1, but may be UTF-8.
  return [
    value,
    json,
    json.replaceAll('/', '\\/'),
    encodeURIComponent(value),
    Buffer.from(value).toString('latin1'),
  ];
}

/** Replaces a value, and the beginning of one where the text was cut. */
function replaceIn(text: string, value: string, replacement: string): string {
  const head = value.slice(0, minMaskedLength);
  let masked = '';
  let done = 0;
  for (let at = text.indexOf(head); at !== -1; at = text.indexOf(head, Math.max(done, at + 1))) {
    const end = at + commonLength(text, at, value);
    const isCut = end === text.length || text[end] === '…';
    if (end - at < value.length && !isCut) continue;
    masked += text.slice(done, at) + replacement;
    done = end;
  }
  return masked + text.slice(done);
}

function commonLength(text: string, at: number, value: string): number {
  let length = minMaskedLength;
  while (length < value.length && text[at + length] === value[length]) length += 1;
  return length;
}
