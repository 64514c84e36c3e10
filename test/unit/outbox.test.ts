import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createOutbox, type OutgoingSocket } from '../../src/bridge/outbox.ts';

/** A socket whose client reads when the test says so. */
class FakeSocket implements OutgoingSocket {
  readonly OPEN = 1;
  readyState = 1;
  readonly read: string[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  private readonly unread: { text: string; written: () => void }[] = [];

  get bufferedAmount(): number {
    return this.unread.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  }

  send(text: string, written: () => void): void {
    this.unread.push({ text, written });
  }

  close(code: number, reason: string): void {
    this.readyState = 2;
    this.closes.push({ code, reason });
  }

  /** The client reads one message. */
  readOne(): void {
    const next = this.unread.shift();
    if (!next) return;
    this.read.push(next.text);
    next.written();
  }

  readAll(): void {
    while (this.unread.length > 0) this.readOne();
  }
}

const kib = 1024;
const state = (version: number, size = 10) => `${version}`.padEnd(size, ' ');
const versions = (texts: readonly string[]) => texts.map((text) => Number.parseInt(text, 10));

let socket: FakeSocket;
let outbox: ReturnType<typeof createOutbox>;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  socket = new FakeSocket();
  outbox = createOutbox(socket);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('an outbox', () => {
  test('sends everything at once to a client that reads', () => {
    for (let version = 1; version <= 100; version += 1) {
      outbox.send(state(version, kib), 'task');
      socket.readAll();
    }
    expect(versions(socket.read)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  test('keeps only the latest state for a client that does not read', () => {
    outbox.send(state(1, 65 * kib), 'task');
    for (let version = 2; version <= 1000; version += 1) outbox.send(state(version, kib), 'task');
    expect(socket.bufferedAmount).toBe(65 * kib);
    expect(socket.closes).toEqual([]);
    socket.readAll();
    expect(versions(socket.read)).toEqual([1, 1000]);
  });

  test('counts the messages that newer ones replace, not those that wait when it gives up', () => {
    const socket = new FakeSocket();
    let replaced = 0;
    const outbox = createOutbox(socket, () => (replaced += 1));
    outbox.send(state(1, 65 * kib), 'a');
    outbox.send(state(2), 'a');
    expect(replaced).toBe(0);
    outbox.send(state(3), 'a');
    expect(replaced).toBe(1);
    outbox.send(state(1), 'b');
    outbox.check(performance.now() + 31_000);
    expect(socket.closes).toHaveLength(1);
    expect(replaced).toBe(1);
  });

  test('keeps only the latest of each key, in the order in which they came', () => {
    outbox.send(state(1, 65 * kib), 'a');
    for (const [version, key] of [
      [2, 'a'],
      [3, 'b'],
      [4, 'a'],
    ] as const) {
      outbox.send(state(version), key);
    }
    socket.readAll();
    expect(versions(socket.read)).toEqual([1, 3, 4]);
  });

  test('does not let a new message overtake a waiting one', () => {
    outbox.send(state(1, 65 * kib), 'a');
    outbox.send(state(2, 65 * kib), 'b');
    outbox.send(state(3), 'c');
    socket.readOne();
    outbox.send(state(4), 'd');
    socket.readAll();
    expect(versions(socket.read)).toEqual([1, 2, 3, 4]);
  });

  test('sends at once again after the client has caught up', () => {
    outbox.send(state(1, 65 * kib), 'task');
    outbox.send(state(2), 'task');
    socket.readAll();
    outbox.send(state(3), 'task');
    expect(socket.bufferedAmount).toBe(10);
  });

  test('closes with 1013 past 1 MiB unsent, and sends nothing more', () => {
    outbox.send(state(1, kib * kib + 1), 'task');
    expect(socket.closes).toEqual([{ code: 1013, reason: 'too slow' }]);
    outbox.send(state(2), 'task');
    expect(socket.bufferedAmount).toBe(kib * kib + 1);
  });

  test('does not close at exactly 1 MiB', () => {
    outbox.send(state(1, kib * kib), 'task');
    expect(socket.closes).toEqual([]);
  });

  test('closes with 1013 after more than 30 s without progress, and drops the waiting messages', () => {
    outbox.send(state(1, 65 * kib), 'task');
    vi.advanceTimersByTime(5000);
    outbox.send(state(2), 'task');
    outbox.check(35_000);
    expect(socket.closes).toEqual([]);
    outbox.check(35_001);
    expect(socket.closes).toEqual([{ code: 1013, reason: 'too slow' }]);
    socket.readAll();
    expect(versions(socket.read)).toEqual([1]);
  });

  test('keeps the connection of a client that reads slowly, as long as it reads', () => {
    let version = 0;
    for (let minute = 0; minute < 10; minute += 1) {
      for (let i = 0; i < 5; i += 1) outbox.send(state((version += 1), 65 * kib), 'task');
      vi.advanceTimersByTime(20_000);
      outbox.check(performance.now());
      socket.readOne();
    }
    expect(socket.closes).toEqual([]);
    expect(versions(socket.read)).toHaveLength(10);
  });

  test('keeps the connection of a client that stops reading and continues within 30 s', () => {
    outbox.send(state(1, 65 * kib), 'task');
    outbox.send(state(2), 'task');
    vi.advanceTimersByTime(29_000);
    socket.readAll();
    vi.advanceTimersByTime(29_000);
    outbox.check(performance.now());
    expect(socket.closes).toEqual([]);
  });

  test('sends nothing on a socket that is closing', () => {
    outbox.send(state(1, 65 * kib), 'task');
    outbox.send(state(2), 'task');
    socket.readyState = 2;
    outbox.send(state(3), 'task');
    socket.readAll();
    expect(versions(socket.read)).toEqual([1]);
  });
});
