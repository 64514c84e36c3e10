import type { RestoredCells, SavedCells } from './saved-table.ts';

/** Number of cells, as in saved-table.ts. A power of two, although nothing depends on that. */
const maxCells = 1024;
/**
 * Exponent of the minimum cell width, 2^-1022: a smaller width is not a normal double, and dividing by it
 * rounds.
 */
const minExponent = -1022;

/**
 * Counts numbers in at most 1,024 cells of one width, in 8 KiB. The width is a power of two, and doubles
 * whenever the numbers would span more cells. So it depends on the numbers alone, not on their order, and
 * each number's cell is exact. A cell is at most a 511th of the numbers' range wide, or holds a single double.
 *
 * QuantileSketch would not work here: all instants of a year are within 1 % of each other.
 */
export class HistogramSketch {
  /** A ring: cell i, which starts at i × width, is at i modulo `maxCells`. */
  #counts = new Float64Array(maxCells);
  #exponent = minExponent;
  #width = 2 ** minExponent;
  /** The first and the last cell that is not empty. */
  #low = Infinity;
  #high = -Infinity;

  add(value: number, times = 1): void {
    let cell = cellOf(value, this.#width);
    if (cell < this.#low || cell > this.#high) {
      this.#makeRoom(value);
      cell = cellOf(value, this.#width);
      this.#low = Math.min(this.#low, cell);
      this.#high = Math.max(this.#high, cell);
    }
    const at = placeOf(cell);
    this.#counts[at] = (this.#counts[at] ?? 0) + times;
  }

  /** Yields where each cell that is not empty starts, which may be -Infinity, and how many numbers it holds. */
  *cells(): Generator<[start: number, count: number]> {
    for (let cell = this.#low; cell <= this.#high; cell++) {
      const count = this.#counts[placeOf(cell)] ?? 0;
      if (count > 0) yield [cell * this.#width, count];
    }
  }

  save(): SavedCells {
    const counts: number[] = [];
    for (let cell = this.#low; cell <= this.#high; cell++) counts.push(this.#counts[placeOf(cell)] ?? 0);
    return { exponent: this.#exponent, first: counts.length > 0 ? this.#low : 0, counts };
  }

  static restore({ exponent, first, counts }: RestoredCells): HistogramSketch {
    const sketch = new HistogramSketch();
    if (counts.length === 0) return sketch;
    sketch.#exponent = exponent;
    sketch.#width = 2 ** exponent;
    sketch.#low = first;
    sketch.#high = first + counts.length - 1;
    for (const [i, count] of counts.entries()) sketch.#counts[placeOf(first + i)] = count;
    return sketch;
  }

  /** Widens the cells until they are few enough, including the value's own cell. */
  #makeRoom(value: number): void {
    let exponent = Math.max(this.#exponent, exponentOf(value));
    const spanned = () => {
      const narrower = this.#narrower(exponent);
      const cell = cellOf(value, 2 ** exponent);
      const low = Math.min(cell, Math.floor(this.#low * narrower));
      return Math.max(cell, Math.floor(this.#high * narrower)) - low + 1;
    };
    while (spanned() > maxCells) exponent++;
    if (exponent > this.#exponent) this.#widen(exponent);
  }

  /** Returns our cells' width as a share of that of `exponent`. Bounded, because 0 would lose a cell's sign. */
  #narrower(exponent: number): number {
    return 2 ** Math.max(this.#exponent - exponent, -1000);
  }

  #widen(exponent: number): void {
    const narrower = this.#narrower(exponent);
    const counts = new Float64Array(maxCells);
    for (let cell = this.#low; cell <= this.#high; cell++) {
      const at = placeOf(Math.floor(cell * narrower));
      counts[at] = (counts[at] ?? 0) + (this.#counts[placeOf(cell)] ?? 0);
    }
    this.#counts = counts;
    this.#exponent = exponent;
    this.#width = 2 ** exponent;
    this.#low = Math.floor(this.#low * narrower);
    this.#high = Math.floor(this.#high * narrower);
  }
}

/**
 * Returns the exponent of the narrowest cells for which the value's cell number is an exact integer in a
 * double.
 */
function exponentOf(value: number): number {
  return value === 0 ? minExponent : Math.floor(Math.log2(Math.abs(value))) - 52;
}

function cellOf(value: number, width: number): number {
  // Plus zero, which turns -0 into 0.
  const cell = Math.floor(value / width) + 0;
  // A quotient that is too small for a double has become zero.
  return value < 0 && cell === 0 ? -1 : cell;
}

function placeOf(cell: number): number {
  return ((cell % maxCells) + maxCells) % maxCells;
}
