import type { RestoredCells, SavedCells } from './saved-table.ts';

/** As saved-table.ts has it. A power of two, though nothing depends on that. */
const CELLS = 1024;
/** Of cells, as powers of two: below it, a width is no normal double, and dividing by it would round. */
const MIN_EXPONENT = -1022;

/**
 * Counts numbers in at most 1,024 cells of one width, in 8 KiB. The width is a power of two, and doubles whenever they
 * would span more cells: so it follows from the numbers alone, whatever their order, and each number's cell is exact.
 * The cells are as wide as a 511th of the numbers' range at most, or hold a single double each.
 *
 * QuantileSketch would not do: all instants of a year are within 1 % of each other.
 */
export class HistogramSketch {
  /** A ring: cell i, which begins at i × width, is at i modulo CELLS. */
  #counts = new Float64Array(CELLS);
  #exponent = MIN_EXPONENT;
  #width = 2 ** MIN_EXPONENT;
  /** The first and the last cell that hold something. */
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

  /** Where each cell that is not empty begins, which may be -Infinity, and how many numbers it holds. */
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

  /** Widens the cells until all of them, with that of the value, are few enough. */
  #makeRoom(value: number): void {
    let exponent = Math.max(this.#exponent, exponentOf(value));
    const spanned = () => {
      const narrower = this.#narrower(exponent);
      const cell = cellOf(value, 2 ** exponent);
      const low = Math.min(cell, Math.floor(this.#low * narrower));
      return Math.max(cell, Math.floor(this.#high * narrower)) - low + 1;
    };
    while (spanned() > CELLS) exponent++;
    if (exponent > this.#exponent) this.#widen(exponent);
  }

  /** What share of cells of that width ours are. Bounded, because 0 would lose the sign of a cell. */
  #narrower(exponent: number): number {
    return 2 ** Math.max(this.#exponent - exponent, -1000);
  }

  #widen(exponent: number): void {
    const narrower = this.#narrower(exponent);
    const counts = new Float64Array(CELLS);
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

/** The narrowest cells in which the value's number is an integer that a double can count on from. */
function exponentOf(value: number): number {
  return value === 0 ? MIN_EXPONENT : Math.floor(Math.log2(Math.abs(value))) - 52;
}

function cellOf(value: number, width: number): number {
  // Plus zero, which makes 0 of -0.
  const cell = Math.floor(value / width) + 0;
  // A quotient that is too small for a double has become zero.
  return value < 0 && cell === 0 ? -1 : cell;
}

function placeOf(cell: number): number {
  return ((cell % CELLS) + CELLS) % CELLS;
}
