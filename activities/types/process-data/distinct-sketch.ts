const indexBits = 14;
const registers = 1 << indexBits;
/** Bits of the hash whose leading zeros are counted. */
const rankBits = 32;
/** Character code of rank 0, `0`. The highest rank is `Q`, so JSON escapes none of them. */
const savedZero = 0x30;

const asNumber = new Float64Array(1);
const asWords = new Uint32Array(asNumber.buffer);

/**
 * Estimates how many distinct values were added, in 16 KiB: HyperLogLog, standard error 0.8 %, with the
 * estimator of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), which needs no
 * correction tables.
 */
export class DistinctSketch {
  readonly #registers = new Uint8Array(registers);

  addNumber(value: number): void {
    // Plus zero, because -0 has different bits.
    asNumber[0] = value + 0;
    this.#add(mix(asWords[0] ?? 0), mix((asWords[1] ?? 0) ^ 0x5bd1e995));
  }

  addText(text: string): void {
    let a = 0x9e3779b9;
    let b = 0x85ebca6b;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x5bd1e995);
      // Rotated, because a product carries differences upwards only.
      b = (b << 13) | (b >>> 19);
    }
    this.#add(a, b);
  }

  /** Adds a value by two hashes. They may be weak, but different values must have different hashes. */
  #add(a: number, b: number): void {
    const index = mix(a ^ Math.imul(b, 0xcc9e2d51)) >>> (32 - indexBits);
    const rank = Math.clz32(mix(b ^ Math.imul(a, 0x1b873593))) + 1;
    if (rank > (this.#registers[index] ?? 0)) this.#registers[index] = rank;
  }

  /** Returns a character for each register, which deflate packs as well as any encoding of ours would. */
  save(): string {
    return Buffer.from(this.#registers.map((rank) => rank + savedZero)).toString('latin1');
  }

  static restore(saved: string): DistinctSketch {
    const sketch = new DistinctSketch();
    sketch.#registers.set(Buffer.from(saved, 'latin1').map((character) => character - savedZero));
    return sketch;
  }

  estimate(): number {
    const withRank = new Float64Array(rankBits + 2);
    for (const rank of this.#registers) withRank[rank] = (withRank[rank] ?? 0) + 1;
    let z = registers * tau(1 - (withRank[rankBits + 1] ?? 0) / registers);
    for (let rank = rankBits; rank >= 1; rank--) z = (z + (withRank[rank] ?? 0)) / 2;
    z += registers * sigma((withRank[0] ?? 0) / registers);
    return Math.round(registers ** 2 / (2 * Math.LN2 * z));
  }
}

/** MurmurHash3's finaliser: every bit of the input changes half of the output's bits. */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Ertl's correction for registers that are still empty. */
function sigma(emptyShare: number): number {
  if (emptyShare === 1) return Infinity;
  let x = emptyShare;
  let weight = 1;
  let sum = x;
  for (let before = NaN; sum !== before; weight *= 2) {
    before = sum;
    x *= x;
    sum += x * weight;
  }
  return sum;
}

/** Ertl's correction for registers that are full. */
function tau(notFullShare: number): number {
  if (notFullShare === 0 || notFullShare === 1) return 0;
  let x = notFullShare;
  let weight = 1;
  let sum = 1 - x;
  for (let before = NaN; sum !== before;) {
    before = sum;
    x = Math.sqrt(x);
    weight /= 2;
    sum -= (1 - x) ** 2 * weight;
  }
  return sum / 3;
}
