#!/usr/bin/env node
// Records the event history of a task, so that test/replay checks later versions of the workflow against it:
//   TEMPORAL_ADDRESS=127.0.0.1:7233 node scripts/record-history.mjs NAME TASK_ID [RUN_ID]
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { anonymous } from './lib/anonymous.mjs';
import { root } from './lib/root.mjs';

const [name, workflowId, runId] = process.argv.slice(2);
if (!name || !workflowId) {
  console.error('usage: record-history.mjs NAME TASK_ID [RUN_ID]');
  process.exit(1);
}

const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233' });
try {
  const namespace = process.env.TEMPORAL_NAMESPACE ?? 'default';
  const client = new Client({ connection, namespace });
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const json = JSON.stringify(JSON.parse(historyToJSON(history)), anonymous, 1);
  const path = join(root, 'test', 'replay', 'histories', `${name}.json`);
  await writeFile(path, `${json}\n`);
  console.log(`${history.events?.length ?? 0} events → ${path}`);
} finally {
  await connection.close();
}
