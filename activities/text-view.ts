/** A text as those who read JSON, a URL or HTML see it, and where each of its characters stands in the text. */

export interface TextView {
  readonly codes: Uint16Array;
  /** Where each character begins in the original text, and where the last one ends. */
  readonly starts: Uint32Array;
}

/** An escape: the character code that it stands for, and its length. */
type Escape = readonly [code: number, length: number] | undefined;

/** Stands for what belongs to no text. Not a character. */
const barrier = 0xffff;
const [quote, percent, ampersand, plus, space, backslash, semicolon] = [
  0x22, 0x25, 0x26, 0x2b, 0x20, 0x5c, 0x3b,
] as const;

export function viewOf(text: string): TextView {
  const codes = new Uint16Array(text.length);
  const starts = new Uint32Array(text.length + 1);
  for (let at = 0; at < text.length; at += 1) {
    codes[at] = text.charCodeAt(at);
    starts[at + 1] = at + 1;
  }
  return { codes, starts };
}

/** Returns the texts and keys of JSON, apart from one another. Takes what is no JSON, too. */
export function textsOfJson(json: string): TextView {
  const view = viewOf(json);
  let isText = false;
  return decoded(view, (codes, at) => {
    const code = codes[at];
    if (code === quote) isText = !isText;
    if (code === quote || !isText) return [barrier, 1];
    return code === backslash ? jsonEscape(codes, at) : undefined;
  });
}

/** Returns the text without the escapes of JSON; undefined if it has none. */
export function withoutJsonEscapes(view: TextView): TextView | undefined {
  if (!view.codes.includes(backslash)) return undefined;
  return decoded(view, (codes, at) => (codes[at] === backslash ? jsonEscape(codes, at) : undefined));
}

/**
 * Returns the text without the escapes of URLs and forms; undefined if it has none. A `+` may be one, and becomes a
 * space, also if it is escaped.
 */
export function withoutUrlEscapes(view: TextView): TextView | undefined {
  if (!view.codes.includes(percent) && !view.codes.includes(plus)) return undefined;
  return decoded(view, (codes, at) => {
    const code = codes[at];
    if (code === plus) return [space, 1];
    const escaped = code === percent ? hex(codes, at + 1, 2) : undefined;
    return escaped === undefined ? undefined : [escaped === plus ? space : escaped, 3];
  });
}

/** Returns the text without the character references of HTML that programs write; undefined if it has none. */
export function withoutHtmlEscapes(view: TextView): TextView | undefined {
  if (!view.codes.includes(ampersand)) return undefined;
  return decoded(view, (codes, at) => (codes[at] === ampersand ? reference(codes, at) : undefined));
}

function decoded(
  { codes, starts }: TextView,
  escapeAt: (codes: Uint16Array, at: number) => Escape,
): TextView {
  const to = new Uint16Array(codes.length);
  const from = new Uint32Array(codes.length + 1);
  let length = 0;
  for (let at = 0; at < codes.length;) {
    const escaped = escapeAt(codes, at);
    to[length] = escaped === undefined ? (codes[at] ?? 0) : escaped[0];
    at += escaped === undefined ? 1 : escaped[1];
    length += 1;
    from[length] = starts[at] ?? 0;
  }
  from[0] = starts[0] ?? 0;
  return { codes: to.subarray(0, length), starts: from.subarray(0, length + 1) };
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

function jsonEscape(codes: Uint16Array, at: number): Escape {
  const letter = String.fromCharCode(codes[at + 1] ?? 0);
  const short = shortEscapes[letter];
  if (short !== undefined) return [short.charCodeAt(0), 2];
  const escaped = letter === 'u' ? hex(codes, at + 2, 4) : undefined;
  return escaped === undefined ? undefined : [escaped, 6];
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Reads `&quot;`, `&#39;` or `&#x27;`. */
function reference(codes: Uint16Array, at: number): Escape {
  const end = codes.subarray(at, at + 9).indexOf(semicolon);
  if (end < 3) return undefined;
  const found = /^&(?:#x(?<hex>[\da-f]{1,4})|#(?<decimal>\d{1,5})|(?<name>[a-z]{2,4}));$/i.exec(
    String.fromCharCode(...codes.subarray(at, at + end + 1)),
  );
  if (found === null) return undefined;
  const { hex, decimal, name = '' } = found.groups ?? {};
  const length = end + 1;
  if (hex !== undefined) return [Number.parseInt(hex, 16), length];
  if (decimal !== undefined) return [Number(decimal), length];
  const code = named[name]?.charCodeAt(0);
  return code === undefined ? undefined : [code, length];
}

function hex(codes: Uint16Array, at: number, length: number): number | undefined {
  let number = 0;
  for (let index = at; index < at + length; index += 1) {
    const digit = hexDigit(codes[index] ?? 0);
    if (digit === undefined) return undefined;
    number = number * 16 + digit;
  }
  return number;
}

function hexDigit(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
