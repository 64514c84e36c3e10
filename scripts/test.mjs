#!/usr/bin/env node
// `npm test`: from a bare clone to a verdict. Arguments are vitest's, and leave out the static checks:
// `npm test -- test/unit` runs those tests alone. The last line is "N passed, N failed".
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { checkNodeVersion } from './lib/node-version.mjs';
import { stopWithNpm } from './lib/npm-parent.mjs';
import { runNode, runNpm } from './lib/run.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';
import { ensureTemporal } from './lib/temporal.mjs';

const vitestArgs = process.argv.slice(2);

checkNodeVersion();
stopWithNpm();
await ensureDependencies();
await ensureSystemPackages();
await ensureBuild();
await ensureTemporal();
const folder = await mkdtemp(join(tmpdir(), 'taskbell-results-'));
try {
  // At the same time: tests leave the processors idle now and then.
  const [checks, tests] = await Promise.all([
    vitestArgs.length === 0 ? runChecks().catch(unstarted) : { code: 0, output: '' },
    runTests(),
  ]);
  if (checks.output !== '') console.log(checks.output);
  if (checks.code !== 0) console.log('The static checks failed (above); they count as one failure.');
  const failed = tests.failed + (checks.code === 0 ? 0 : 1);
  const skipped = tests.skipped === 0 ? '' : `, ${tests.skipped} skipped`;
  console.log(`\n${tests.passed} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 ? 1 : tests.code;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Returns the outcome of checks that could not be started: the tests go on. */
function unstarted(error) {
  return { code: 1, output: String(error) };
}

/** Runs the static checks. Their output is kept apart from that of the tests. */
async function runChecks() {
  const path = join(folder, 'checks.log');
  const log = await open(path, 'w');
  try {
    const code = await runNpm(['run', '--silent', 'check'], { stdio: ['ignore', log.fd, log.fd] });
    return { code, output: await readFile(path, 'utf8') };
  } finally {
    await log.close();
  }
}

async function runTests() {
  const results = join(folder, 'results.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const code = await runNode(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...vitestArgs]);
  return { code, ...(await count(results, code)) };
}

/** Counts the tests. A file that can't be loaded, and errors outside of tests, count as one failure each. */
async function count(path, code) {
  let results;
  try {
    results = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // vitest ended before it wrote its report.
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const broken = results.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = results.numFailedTests + broken;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}
