/** The demo's final report; pure. */
import { type Part, hasEnded, isAsExpected } from './show.ts';
import { type Paint, statusLabelOf } from './table.ts';
import { isAddressRejection } from './tasks.ts';

interface ReportOptions {
  readonly url: string;
  /** The `host:port` where the demo's target should listen, and where it does listen. */
  readonly target: { readonly wished: string; readonly actual: string };
  /** Whether links to the tasks still work after the demo. */
  readonly withLinks: boolean;
  readonly deadlineMs: number;
  readonly paint: Paint;
}

/** Returns the demo's last lines: the outcome of each task, and whether it was the expected one. */
export function report(parts: readonly Part[], options: ReportOptions): string {
  const { paint, target, deadlineMs } = options;
  const wrong = parts.filter((part) => !isAsExpected(part));
  const rejected = parts.some(isRejected);
  const allWell = paint(rejected ? 'All others ended as they should.' : 'All ended as they should.', 'bold');
  return [
    '',
    ...parts.flatMap((part) => outcome(part, options)),
    '',
    ...(rejected ? [...rejectionAdvice(target, paint), ''] : []),
    ...(wrong.length === 0 ? [allWell] : wrong.map((part) => paint(complaint(part, deadlineMs), 'red'))),
  ].join('\n');
}

function outcome(part: Part, { url, withLinks, paint }: ReportOptions): string[] {
  const { scene, row, created } = part;
  const { task } = row;
  const asExpected = task !== undefined && isAsExpected(part) && !isRejected(part);
  const what = asExpected ? scene.summary(task) : (task?.error_message ?? '');
  const links = created && withLinks ? [`${url}${created.links.self}`, created.links.temporal] : [];
  return [
    `  ${paint(row.name, 'bold')}: ${statusLabelOf(row)}`,
    ...[what].filter((line) => line !== '').map((line) => `    ${line}`),
    ...links.filter((link) => link !== undefined).map((link) => `    ${paint(link, 'dim')}`),
  ];
}

function isRejected({ scene, row: { task, rejection } }: Part): boolean {
  return (
    rejection !== undefined ||
    (scene.ifRejected !== undefined && task !== undefined && isAddressRejection(task))
  );
}

function rejectionAdvice({ wished, actual }: ReportOptions['target'], paint: Paint): string[] {
  const what = 'Rejected: the running service does not allow calls to loopback addresses.';
  return [
    paint(what, 'yellow'),
    `To see these calls too, start the service with TASKBELL_HTTP_ALLOW_HOSTS=${wished}`,
    ...(wished === actual ? [] : [`(${wished} is in use by another program; stop that first).`]),
  ];
}

function complaint(part: Part, deadlineMs: number): string {
  const { scene, row } = part;
  if (!hasEnded(part)) return `${row.name}: still ${statusLabelOf(row)} after ${deadlineMs / 1000} s.`;
  const attempts = scene.attempts === undefined ? '' : ` in ${scene.attempts} attempts`;
  const got = scene.attempts === undefined ? '' : ` in ${row.task?.attempt ?? 0}`;
  return `${row.name}: should have ended as ${scene.ends}${attempts}, but ended as ${statusLabelOf(row)}${got}.`;
}
