/**
 * Finds any of many texts in one pass, by the algorithm of Aho and Corasick: the time is linear in what is searched,
 * whatever that is. A regular expression would try each text again at each position.
 */

/** A range of what was searched, and the text that was found there. */
export interface Found<T> {
  readonly start: number;
  readonly end: number;
  readonly is: T;
}

/** Character codes of the texts that are searched for: those of Latin-1. */
const codes = 256;
/** The node that stands for the empty text. Nothing leads back to it, so it also marks the absence of a node. */
const root = 0;
/** The index of no text. */
const none = -1;

/** A tree of the texts: each node stands for the beginning of one, and its characters lead to it from the root. */
export class TextSearch<T> {
  /** Children of the root, by character code. */
  readonly #first = new Int32Array(codes);
  /** The character that leads to a node, its first child, and the next child of its parent. */
  readonly #code: Int32Array;
  readonly #child: Int32Array;
  readonly #sibling: Int32Array;
  /** The node of the longest end of a node's text that is the beginning of another. */
  readonly #fallback: Int32Array;
  /** The longest of the texts that a node's text ends with, as its index. */
  readonly #index: Int32Array;
  readonly #texts: readonly (readonly [text: string, is: T])[];
  #nodes = 1;

  /** @param texts texts of Latin-1 characters, none empty, and what to return for each */
  constructor(texts: Iterable<readonly [text: string, is: T]>) {
    this.#texts = [...texts];
    const nodes = this.#texts.reduce((sum, [text]) => sum + text.length, 1);
    const column = (): Int32Array => new Int32Array(nodes);
    [this.#code, this.#child, this.#sibling] = [column(), column(), column()];
    [this.#fallback, this.#index] = [column(), column().fill(none)];
    for (const [index, [text]] of this.#texts.entries()) this.#index[this.#grow(text)] = index;
    this.#connect();
  }

  /** Returns where the texts are, in order of their ends; of those with the same end, the longest. */
  *search(searched: Uint16Array): Generator<Found<T>> {
    let node = root;
    for (let at = 0; at < searched.length; at += 1) {
      node = this.#after(node, searched[at] ?? 0);
      const found = this.#index[node] === none ? undefined : this.#texts[this.#index[node] ?? none];
      if (found !== undefined) yield { start: at + 1 - found[0].length, end: at + 1, is: found[1] };
    }
  }

  /** Adds the nodes of a text. @returns its last */
  #grow(text: string): number {
    let node = root;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      node = this.#step(node, code) || this.#addChild(node, code);
    }
    return node;
  }

  #addChild(parent: number, code: number): number {
    const added = this.#nodes;
    this.#nodes += 1;
    this.#code[added] = code;
    this.#sibling[added] = this.#child[parent] ?? root;
    this.#child[parent] = added;
    if (parent === root) this.#first[code] = added;
    return added;
  }

  /** Sets the fallbacks, from the root outwards: that of a node follows from that of its parent. */
  #connect(): void {
    const queue = [root];
    for (const parent of queue) {
      for (let node = this.#child[parent] ?? root; node !== root; node = this.#sibling[node] ?? root) {
        const fallback =
          parent === root ? root : this.#after(this.#fallback[parent] ?? root, this.#code[node] ?? 0);
        this.#fallback[node] = fallback;
        if (this.#index[node] === none) this.#index[node] = this.#index[fallback] ?? none;
        queue.push(node);
      }
    }
  }

  #after(node: number, code: number): number {
    for (let from = node; ; from = this.#fallback[from] ?? root) {
      const next = this.#step(from, code);
      if (next !== root || from === root) return next;
    }
  }

  #step(node: number, code: number): number {
    if (node === root) return code < codes ? (this.#first[code] ?? root) : root;
    let child = this.#child[node] ?? root;
    while (child !== root && this.#code[child] !== code) child = this.#sibling[child] ?? root;
    return child;
  }
}
