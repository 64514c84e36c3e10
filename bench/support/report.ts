import type { Cost } from './rounds.ts';
import { median, percentile } from './statistics.ts';

const goal = 1.15;

export interface Measurements {
  readonly name: string;
  /** Costs in the order of the rounds. */
  readonly costs: readonly Cost[];
}

/** Prints costs per task. Ratios are taken round by round; above 1 is more than the floor, the first of `all`. */
export function printThroughput(what: string, all: readonly Measurements[]): void {
  const [floor, ...others] = all;
  console.log(`\n${what}; medians (min..max); ratio of the cost per task to the floor's\n`);
  console.log(
    line('', ...all.map(({ name }) => name), ...others.map(({ name }) => `${name} / ${floor?.name}`)),
  );
  const rows: [string, (cost: Cost) => number, ((cost: number) => number)?][] = [
    ['tasks/s', ({ elapsed }) => elapsed, (elapsed) => 1000 / elapsed],
    ['worker, CPU ms/task', ({ worker }) => worker],
    ['server, CPU ms/task', ({ server }) => server],
    ['both, CPU ms/task', ({ worker, server }) => worker + server],
  ];
  for (const [label, cost, shown = (value: number) => value] of rows) {
    const values = all.map(({ costs }) =>
      spread(
        costs.map((it) => shown(cost(it))),
        1,
      ),
    );
    const ratios = others.map(({ costs }) =>
      spread(
        costs.map((our, round) => cost(our) / cost(floor?.costs[round] ?? our)),
        2,
      ),
    );
    console.log(line(label, ...values, ...ratios));
  }
  console.log(`\nwanted: ratio of both ≤ ${goal}`);
}

/** Prints latencies. The first contender is the floor. */
export function printLatencies(contenders: readonly { name: string; latencies: readonly number[] }[]): void {
  const [floor] = contenders;
  console.log(
    `\nOne task at a time, ${floor?.latencies.length} of each; ms from the start call to the end\n`,
  );
  console.log(line('', 'p50', 'p95', 'p50 above floor'));
  for (const { name, latencies } of contenders) {
    const [p50, p95] = [percentile(latencies, 0.5), percentile(latencies, 0.95)];
    const above = p50 - percentile(floor?.latencies ?? [], 0.5);
    console.log(line(name, p50.toFixed(1), p95.toFixed(1), above.toFixed(1)));
  }
}

function spread(values: readonly number[], digits: number): string {
  const [middle, low, high] = [median(values), Math.min(...values), Math.max(...values)];
  return `${middle.toFixed(digits)} (${low.toFixed(digits)}..${high.toFixed(digits)})`;
}

function line(label: string, ...cells: readonly string[]): string {
  return label.padEnd(20) + cells.map((cell) => cell.padStart(22)).join('');
}
