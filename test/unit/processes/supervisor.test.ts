import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  type SupervisedProcess,
  type SuperviseOptions,
  supervise,
} from '../../../src/processes/supervisor.ts';

interface FakeLife extends SupervisedProcess {
  end(how: string): void;
}

function createLife(): FakeLife {
  let end: (how: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (end = resolve));
  return { ended, end, close: async () => end('closed') };
}

/** A supervised fake that records what happens to it; `failures` is the number of first starts that fail. */
class Scene {
  readonly lives: FakeLife[] = [];
  readonly restarts: { reason: string; delayMs: number }[] = [];
  readonly fatal: unknown[] = [];
  readonly events = new EventEmitter();
  starts = 0;
  readonly supervisor;

  constructor(failures = 0, overrides: Partial<SuperviseOptions<FakeLife>> = {}) {
    this.supervisor = supervise<FakeLife>({
      start: async () => {
        this.starts += 1;
        if (this.starts <= failures) throw new Error(`start ${this.starts} failed`);
        const life = createLife();
        this.lives.push(life);
        this.events.emit('life', life);
        return life;
      },
      isFatal: () => false,
      onFatal: (error) => {
        this.fatal.push(error);
        this.events.emit('fatal');
      },
      onRestart: (reason, delayMs) => this.restarts.push({ reason, delayMs }),
      backoff: { initialMs: 1, maximumMs: 4, healthyAfterMs: 60_000 },
      ...overrides,
    });
  }

  /** Ends the newest life and waits for the next one. */
  async crash(): Promise<void> {
    const next = once(this.events, 'life');
    this.lives.at(-1)?.end('crashed');
    await next;
  }
}

describe('a supervisor', () => {
  test('says when a life serves again, so that the progress of its start can be cleared', async () => {
    let times = 0;
    const scene = new Scene(1, { onServingAgain: () => (times += 1) });
    await scene.supervisor.firstLife;
    expect(times).toBe(0);
    await scene.crash();
    await expect.poll(() => times).toBe(1);
    await scene.supervisor.close();
  });

  test('restarts what has ended, with a delay that doubles up to its maximum', async () => {
    const scene = new Scene();
    await scene.supervisor.firstLife;
    for (let i = 0; i < 4; i += 1) await scene.crash();
    expect(scene.restarts.map(({ delayMs }) => delayMs)).toEqual([1, 2, 4, 4]);
    expect(scene.restarts[0]?.reason).toBe('crashed');
    await scene.supervisor.close();
  });

  test('resets the delay after a long life', async () => {
    const scene = new Scene(0, { backoff: { initialMs: 1, maximumMs: 4, healthyAfterMs: 0 } });
    await scene.supervisor.firstLife;
    for (let i = 0; i < 3; i += 1) await scene.crash();
    expect(scene.restarts.map(({ delayMs }) => delayMs)).toEqual([1, 1, 1]);
    await scene.supervisor.close();
  });

  test('restarts nothing once it is closed', async () => {
    const scene = new Scene();
    const life = await scene.supervisor.firstLife;
    await scene.supervisor.close();
    await expect(life.ended).resolves.toBe('closed');
    expect(scene.starts).toBe(1);
    expect(scene.restarts).toEqual([]);
  });

  test('can be closed during its delay', async () => {
    const scene = new Scene(0, { backoff: { initialMs: 60_000, maximumMs: 60_000, healthyAfterMs: 60_000 } });
    const life = await scene.supervisor.firstLife;
    life.end('crashed');
    await life.ended;
    await scene.supervisor.close();
    expect(scene.starts).toBe(1);
  });

  test('closes a life that started while the supervisor was being closed', async () => {
    const life = createLife();
    let come = (): void => undefined;
    const coming = new Promise<void>((resolve) => (come = resolve));
    const scene = new Scene(0, { start: () => coming.then(() => life) });
    const closed = scene.supervisor.close();
    come();
    await closed;
    await expect(life.ended).resolves.toBe('closed');
  });

  test('tolerates two failed starts, and gives up at the third if none has ever succeeded', async () => {
    const forgiven = new Scene(2);
    await forgiven.supervisor.firstLife;
    expect(forgiven.fatal).toEqual([]);
    await forgiven.supervisor.close();

    const hopeless = new Scene(3);
    await once(hopeless.events, 'fatal');
    expect(hopeless.fatal).toEqual([new Error('start 3 failed')]);
  });

  test('never gives up once a start has succeeded', async () => {
    let fail = false;
    let attempts = 0;
    const life = createLife();
    const scene: Scene = new Scene(0, {
      start: async () => {
        attempts += 1;
        if (fail) {
          if (attempts === 8) scene.events.emit('enough');
          throw new Error('down');
        }
        return life;
      },
    });
    await scene.supervisor.firstLife;
    fail = true;
    const enough = once(scene.events, 'enough');
    life.end('crashed');
    await enough;
    expect(scene.fatal).toEqual([]);
    await scene.supervisor.close();
  });

  test('gives up at once on a fatal error', async () => {
    const scene = new Scene(1, { isFatal: (error) => error instanceof Error && error.message.includes('1') });
    await once(scene.events, 'fatal');
    expect(scene.starts).toBe(1);
  });
});
