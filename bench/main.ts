/**
 * Measures Taskbell against a bare workflow on the same server, and prints each figure with its target.
 *
 *   npm run bench -- [--only due,bulk] [--rounds 5] [--json FILE] [--large] [--peers] [--against CHECKOUT]
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { createClosers } from '../src/lib/closers.ts';
import { errorMessage } from '../src/lib/error-message.ts';
import { type Figure, heading, judge, linesOf } from './support/figures.ts';
import { parts, runParts } from './parts/index.ts';
import { startPeers } from './peers/index.ts';
import { startStage } from './support/stage.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    large: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    against: { type: 'string' },
    json: { type: 'string' },
  },
});
const only = values.only.split(',').filter((name) => name !== '');
const unknown = only.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0)
  throw new Error(`There is no part ${unknown.join()}; there are ${Object.keys(parts).join()}`);
const chosen = Object.keys(parts).filter((name) =>
  only.length > 0 ? only.includes(name) : parts[name]?.isDefault || (values.large && name === 'large'),
);

/** Exit code after a Ctrl-C. */
const interrupted = 130;
const startedAt = Date.now();
const figures: Figure[] = [];
const closers = createClosers((error) => console.log(`Not closed: ${errorMessage(error)}`));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void interrupt());
let interruptedAt: number | undefined;

/** Stops everything. A second signal kills what has not stopped yet. */
async function interrupt(): Promise<void> {
  if (interruptedAt !== undefined) {
    // A Ctrl-C comes twice, from the terminal and from scripts/bench.mjs.
    if (Date.now() - interruptedAt > 1000) process.exit(interrupted);
    return;
  }
  interruptedAt = Date.now();
  await closers.close();
  process.exit(interrupted);
}

try {
  console.log(
    `Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB\n`,
  );
  console.log(heading());
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
  console.log(`\n${elapsed()}  end\n`);
  const verdicts = figures.filter(({ target }) => target !== undefined).map(judge);
  const count = (verdict: string): number => verdicts.filter((each) => each === verdict).length;
  console.log(`targets: ${count('met')} met, ${count('not met')} not met, ${count('unknown')} unknown`);
} catch (error) {
  if (interruptedAt === undefined) {
    console.log(error);
    process.exitCode = 1;
  }
} finally {
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ startedAt, figures }, null, 2)}\n`);
  if (interruptedAt === undefined) await closers.close();
}

function elapsed(): string {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return `[${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}]`;
}
