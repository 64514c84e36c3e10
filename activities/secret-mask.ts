import { minMaskedLength } from '../src/contract/secret.ts';
import { type Found, TextSearch } from './text-search.ts';
import {
  textsOfJson,
  type TextView,
  viewOf,
  withoutHtmlEscapes,
  withoutJsonEscapes,
  withoutUrlEscapes,
} from './text-view.ts';

/** Maximum size of a value's character once it is escaped, in bytes: `\u0026#x00e9;`, and one more. */
const maxEscapeBytes = 14;

/**
 * Replaces values of secrets in what leaves a worker, since servers echo headers in their responses. Finds whole
 * values, as they are and as JSON, URLs and HTML escape them, so it has to get a text before that is cut. What it has
 * replaced stays as it is if it gets the text again.
 */
export class SecretMask {
  readonly #values = new Map<string, string>();
  #longest = 0;
  /** What finds the values, and in URLs: created when it is first needed after a change. */
  #searches: { readonly plain: TextSearch<string>; readonly url: TextSearch<string> } | undefined;

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  /** Maximum size of a value in a text, in bytes. A text that is cut after as many has all that began before them. */
  get overlap(): number {
    return this.#longest * maxEscapeBytes;
  }

  add(name: string, value: string): void {
    if (value.length < minMaskedLength || this.#values.get(value) === name) return;
    this.#values.set(value, name);
    this.#longest = Math.max(this.#longest, value.length);
    this.#searches = undefined;
  }

  /** @param end where to cut the text, after values that began before that were replaced */
  text(text: string, end = text.length): string {
    return this.isEmpty ? text.slice(0, end) : replaced(text, this.#find(viewOf(text)), end);
  }

  /** Masks the texts and keys of JSON. */
  json(json: string): string {
    return this.isEmpty ? json : replaced(json, this.#find(textsOfJson(json)), json.length);
  }

  /** Masks bytes in any charset that includes ASCII. @param end where to cut them, as for a text */
  bytes(bytes: Buffer, end = bytes.length): Buffer {
    if (this.isEmpty) return bytes.subarray(0, end);
    return Buffer.from(this.text(bytes.toString('latin1'), end), 'latin1');
  }

  #find(view: TextView): readonly Found<string>[] {
    const { plain, url } = (this.#searches ??= this.#createSearches());
    const inJson = withoutJsonEscapes(view);
    const inInner = inJson && withoutJsonEscapes(inJson);
    const layers = [view, inJson, inInner].filter((layer) => layer !== undefined);
    const found = layers.flatMap((layer) => [
      ...foundIn(layer, plain),
      ...foundIn(withoutUrlEscapes(layer), url),
      ...foundIn(withoutHtmlEscapes(layer), plain),
    ]);
    return merged(found.toSorted((a, b) => a.end - b.end));
  }

  #createSearches(): { plain: TextSearch<string>; url: TextSearch<string> } {
    const forms = new Map<string, string>();
    for (const [value, name] of this.#values) {
      const replacement = `[secret ${name}]`;
      // Bytes are read as Latin-1, but may be UTF-8.
      for (const form of [value, Buffer.from(value).toString('latin1')]) forms.set(form, replacement);
    }
    // What was replaced before is found first, and so a value that is part of it is not.
    for (const replacement of new Set(forms.values())) forms.set(replacement, replacement);
    const inUrls = [...forms].map(([form, is]) => [form.replaceAll('+', ' '), is] as const);
    return { plain: new TextSearch(forms), url: new TextSearch(inUrls) };
  }
}

/** Returns what a search finds, by its place in the original text. */
function foundIn(view: TextView | undefined, search: TextSearch<string>): readonly Found<string>[] {
  if (view === undefined) return [];
  const place = (at: number): number => view.starts[at] ?? 0;
  return merged(search.search(view.codes)).map(({ start, end, is }) => ({
    start: place(start),
    end: place(end),
    is,
  }));
}

/** Joins what overlaps, by the name of the longer: otherwise a part of one value would be left. */
function merged(found: Iterable<Found<string>>): Found<string>[] {
  const kept: Found<string>[] = [];
  for (const each of found) {
    let { start, end, is } = each;
    let longest = end - start;
    for (let last = kept.at(-1); last !== undefined && last.end > start; last = kept.at(-1)) {
      if (last.end - last.start >= longest) ({ is } = last);
      longest = Math.max(longest, last.end - last.start);
      start = Math.min(start, last.start);
      end = Math.max(end, last.end);
      kept.pop();
    }
    kept.push({ start, end, is });
  }
  return kept;
}

function replaced(text: string, found: readonly Found<string>[], end: number): string {
  const parts: string[] = [];
  let done = 0;
  for (const each of found) {
    if (each.start >= end) break;
    parts.push(text.slice(done, each.start), each.is);
    done = each.end;
  }
  return parts.length === 0
    ? text.slice(0, end)
    : `${parts.join('')}${text.slice(done, Math.max(done, end))}`;
}
