/** The reports of a run's attempts, as far as the workflow's own records have room for them. */
import { truncateCharacters } from '../src/contract/text.ts';
import type { AttemptReport } from '../src/contract/workflow.ts';

/** In characters of JSON. They end up in one payload, of which the server takes 2 MB. */
const maxReportsLength = 128 * 1024;
const shortMessageLength = 200;

/**
 * All reports, in the order of the attempts. An attempt may be told of twice, since what hears of its loss may be lost
 * itself: the later word counts. Every outcome is kept, but the logs and long messages of only as many recent ones as
 * fit.
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
