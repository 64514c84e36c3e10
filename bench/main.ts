/**
 * Measures Taskbell against a bare workflow on the same server, and prints each figure with its target. docs/performance.md
 * describes the parts and the options.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { createClosers } from '../src/lib/closers.ts';
import { errorMessage } from '../src/lib/error-message.ts';
import { parts, runParts } from './parts/index.ts';
import { startPeers } from './peers/index.ts';
import { type Figure, heading, judge, linesOf } from './support/figures.ts';
import { markdownOf, type Run } from './support/markdown.ts';
import { startStage } from './support/stage.ts';

/** Exit codes after a Ctrl-C, and for arguments that are not valid. */
const exitCodes = { interrupted: 130, wrongArguments: 2 };

const startedAt = Date.now();
const figures: Figure[] = [];
const closers = createClosers((error) => console.log(`Not closed: ${errorMessage(error)}`));
let interruptedAt: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void interrupt());
const { values, chosen } = readArguments();
const machine = `Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
// Read before the run, since a commit may be made meanwhile. Empty outside of a clone.
const commit =
  spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).stdout?.trim() ?? '';

try {
  console.log(`${machine}\n\n${heading()}`);
  const stage = await startStage({
    options: { rounds: Number(values.rounds), against: values.against },
    closers,
    note: (text) => console.log(`\n${elapsed()}  ${text}`),
    report(figure) {
      figures.push(figure);
      for (const line of linesOf(figure)) console.log(line);
    },
  });
  const peers = values.peers ? await startPeers(closers, stage.note) : [];
  await runParts(stage, chosen, peers);
  printEnd();
} catch (error) {
  // Whatever was under way when everything was stopped has failed.
  if (interruptedAt === undefined) {
    console.log(error);
    process.exitCode = 1;
  }
} finally {
  if (values.json !== undefined) {
    const started = new Date(startedAt).toISOString();
    const run: Run = { commit, machine, started, rounds: Number(values.rounds), chosen, figures };
    writeFileSync(values.json, `${JSON.stringify(run, null, 2)}\n`);
  }
  if (interruptedAt === undefined) await closers.close();
}

function readArguments() {
  try {
    const parsed = parseArguments();
    const { markdown } = parsed.values;
    if (markdown === undefined) return parsed;
    console.log(markdownOf(JSON.parse(readFileSync(markdown, 'utf8')) as Run));
    return process.exit();
  } catch (error) {
    // Not on stderr, which is the log of the processes.
    console.log(errorMessage(error));
    return process.exit(exitCodes.wrongArguments);
  }
}

function parseArguments() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '5' },
      large: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      against: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  if (!/^[1-9]\d*$/.test(values.rounds)) throw new Error('--rounds must be a whole number from 1');
  const only = values.only.split(',').filter((name) => name !== '');
  const unknown = only.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) {
    throw new Error(`There is no part ${unknown.join()}. The parts are ${Object.keys(parts).join()}.`);
  }
  const isChosen = (name: string): boolean => {
    if (values.large && name === 'large') return true;
    return only.length > 0 ? only.includes(name) : parts[name]?.isDefault === true;
  };
  return { values, chosen: Object.keys(parts).filter(isChosen) };
}

/** Stops everything. A second signal kills what has not stopped yet. */
async function interrupt(): Promise<void> {
  if (interruptedAt !== undefined) {
    // A Ctrl-C comes twice, from the terminal and from scripts/bench.mjs.
    if (Date.now() - interruptedAt > 1000) process.exit(exitCodes.interrupted);
    return;
  }
  interruptedAt = Date.now();
  await closers.close();
  process.exit(exitCodes.interrupted);
}

function printEnd(): void {
  const verdicts = figures.filter(({ target }) => target !== undefined).map(judge);
  const count = (verdict: string): number => verdicts.filter((each) => each === verdict).length;
  console.log(`\n${elapsed()}  end`);
  console.log(`\ntargets: ${count('met')} met, ${count('not met')} not met, ${count('unknown')} unknown`);
}

function elapsed(): string {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return `[${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}]`;
}
