/** The peers: other ways to run tasks at a time. */
import type { Closers } from '../../src/lib/closers.ts';
import type { Contender } from '../support/contenders.ts';
import { startBullMq } from './bullmq.ts';
import { startCelery } from './celery.ts';
import { installPeers } from './install.ts';
import { startPgBoss } from './pg-boss.ts';

/** Installs and starts them. */
export async function startPeers(closers: Closers, note: (text: string) => void): Promise<Contender[]> {
  const tools = installPeers(note);
  note('starting BullMQ, pg-boss and the Celery service');
  const peers: Contender[] = [];
  for (const start of [startBullMq, startPgBoss, startCelery]) peers.push(await start(tools, closers));
  return peers;
}
