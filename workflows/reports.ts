/** Reports of a run's attempts, cut to what the workflow's own records have room for. */
import { truncateCharacters } from '../src/contract/text.ts';
import type { AttemptReport } from '../src/contract/workflow.ts';

/**
 * Maximum length of all reports, in characters of JSON. They are stored in one payload, which the server
 * limits to 2 MB.
 */
const maxReportsLength = 128 * 1024;
const shortMessageLength = 200;

/**
 * Merges reports, in the order of the attempts. If an attempt is reported twice, the later report counts: the
 * try that reports a loss may itself be lost. Keeps every outcome, but logs and long messages only for as
 * many recent attempts as fit.
 */
export function mergedReports(...lists: (readonly AttemptReport[])[]): AttemptReport[] {
  const byAttempt = new Map(lists.flat().map((report) => [report.attempt, report]));
  const newestFirst = [...byAttempt.values()].toSorted((a, b) => b.attempt - a.attempt);
  let length = 0;
  const kept = newestFirst.map((report) => {
    length += JSON.stringify(report).length;
    return length > maxReportsLength ? shortened(report) : report;
  });
  return kept.toReversed();
}

function shortened(report: AttemptReport): AttemptReport {
  const { error } = report;
  const message = error && truncateCharacters(error.message, shortMessageLength);
  return { ...report, log: [], error: error && { type: error.type, message: message ?? '' } };
}
