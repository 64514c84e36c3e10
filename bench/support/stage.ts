import type { Closers } from '../../src/lib/closers.ts';
import { type Bare, startBare } from './bare.ts';
import type { Figure } from './figures.ts';
import { startTaskbell, type Taskbell } from './taskbell.ts';

export interface Options {
  readonly rounds: number;
  /** Another checkout of Taskbell, to be measured as well. */
  readonly against: string | undefined;
}

/**
 * What the parts of the benchmark measure. It is started once and used by one part after the other. This process is the
 * load generator, whose CPU time no figure includes.
 */
export interface Stage {
  readonly options: Options;
  readonly taskbell: Taskbell;
  /** Taskbell and, if it is to be compared with another version, that one. */
  readonly versions: readonly Taskbell[];
  /** The bare workflow, on the server of `taskbell`. */
  readonly bare: Bare;
  /** Things to close once the benchmark ends, the last one first. */
  readonly closers: Closers;
  /** Prints a figure and keeps it for the report. */
  report(figure: Figure): void;
  /** Prints what is being done. */
  note(text: string): void;
}

type Output = Pick<Stage, 'options' | 'report' | 'note' | 'closers'>;

export async function startStage(output: Output): Promise<Stage> {
  const { closers, options } = output;
  const taskbell = await startTaskbell('taskbell', '.', closers);
  const bare = await startBare(taskbell.server, taskbell.temporal, closers);
  const others =
    options.against === undefined ? [] : [await startTaskbell('before', options.against, closers)];
  return { ...output, taskbell, versions: [taskbell, ...others], bare };
}

/** Runs the contenders in turn, every other round in reverse order, so that drift affects all of them alike. */
export async function interleave<C extends { readonly name: string }>(
  contenders: readonly C[],
  rounds: number,
  run: (contender: C, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) await run(contender, round);
  }
}

/** Measures each version in turn. @returns the values by its name. */
export async function ofVersions<T>(
  { versions }: Stage,
  measure: (version: Taskbell) => Promise<T>,
): Promise<Map<string, T>> {
  const results = new Map<string, T>();
  for (const version of versions) results.set(version.name, await measure(version));
  return results;
}
