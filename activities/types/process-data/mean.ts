import { savedDouble, type RestoredMean, type SavedMean } from './saved-table.ts';

/** Factor applied to every term: with 2^-64, not even 2^64 of the largest doubles overflow the sum. */
const scale = 2 ** -64;

/** A running mean by Neumaier's sum, which keeps the digits that plain addition loses. */
export class Mean {
  #sum = 0;
  #lost = 0;
  #count = 0;

  add(value: number, times = 1): void {
    const term = value * scale * times;
    const sum = this.#sum + term;
    this.#lost += Math.abs(this.#sum) >= Math.abs(term) ? this.#sum - sum + term : term - sum + this.#sum;
    this.#sum = sum;
    this.#count += times;
  }

  save(): SavedMean {
    return { sum: savedDouble(this.#sum), lost: savedDouble(this.#lost), count: this.#count };
  }

  static restore({ sum, lost, count }: RestoredMean): Mean {
    const mean = new Mean();
    [mean.#sum, mean.#lost, mean.#count] = [sum, lost, count];
    return mean;
  }

  value(): number {
    return (this.#sum + this.#lost) / this.#count / scale;
  }
}
