#!/usr/bin/env node
// `npm test`: from a bare clone to a verdict. Arguments are vitest's, and leave out the static checks:
// `npm test -- test/unit` runs those tests alone. The last line is "N passed, N failed".
import { mkdtemp, readFile, rm } from 'node:fs/promises';
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
const checkCode = vitestArgs.length === 0 ? await runNpm(['run', '--silent', 'check']) : 0;
const { code, passed, failed, skipped } = await runTests();

if (checkCode !== 0) console.log('\nThe static checks failed (above); they count as one failure.');
const total = failed + (checkCode === 0 ? 0 : 1);
console.log(`\n${passed} passed, ${total} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
process.exitCode = total > 0 ? 1 : code;

async function runTests() {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-results-'));
  const results = join(folder, 'results.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
    const code = await runNode(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...vitestArgs]);
    return { code, ...(await count(results, code)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
