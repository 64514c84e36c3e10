/**
 * Fairness: how long a task waits to start behind a backlog of due tasks of another owner, with one worker of 4 slots. For
 * comparison, a further task of the same owner, which has no claim to go first.
 */
import type { Task } from '../../src/contract/task.ts';
import { createBacklog, createProbe, startDelay, untilCompleted } from '../../test/support/backlog.ts';
import { ofVersions, type Stage } from '../support/stage.ts';
import type { Taskbell } from '../support/taskbell.ts';
import { byVersion, percentile } from '../support/statistics.ts';

const backlog = { tasks: 400, runTimeMs: 300, dueInMs: 10_000 };
const probes = 8;
/** Completed tasks between two probes: few enough that the last probe still finds a backlog. */
const probeEach = 35;

export async function measureFairness(stage: Stage): Promise<void> {
  stage.note(
    `a task behind ${backlog.tasks} due tasks of ${backlog.runTimeMs / 1000} s each of another owner`,
  );
  const results = await ofVersions(stage, measureVersion);
  stage.report({
    title: "behind another owner's backlog: started after, p50",
    unit: 'ms',
    digits: 0,
    values: byVersion(results, ({ others }) => percentile(others, 0.5)),
  });
  stage.report({
    title: '  the slowest',
    unit: 'ms',
    digits: 0,
    // A task's run time plus one second.
    target: { atMost: backlog.runTimeMs + 1000, isPromise: true },
    values: byVersion(results, ({ others }) => Math.max(...others)),
  });
  stage.report({
    title: "  the same owner's further task, p50",
    unit: 'ms',
    digits: 0,
    values: byVersion(results, ({ own }) => percentile(own, 0.5)),
  });
}

async function measureVersion({ service, temporal }: Taskbell): Promise<{ others: number[]; own: number[] }> {
  const [alice, bob] = await Promise.all([service.as('alice'), service.as('bob')]);
  const { count: before } = await temporal.workflow.count(
    "WorkflowType = 'task' AND ExecutionStatus = 'Completed'",
  );
  await createBacklog(alice, backlog);
  const others: number[] = [];
  const further: Task[] = [];
  for (let probe = 0; probe < probes; probe += 1) {
    await untilCompleted(temporal, before + 10 + probe * probeEach);
    further.push(await createProbe(alice));
    others.push(await startDelay(bob, await createProbe(bob)));
  }
  const own = await Promise.all(further.map((task) => startDelay(alice, task, 300_000)));
  return { others, own };
}
