import { choosePorts } from '../../src/engine/ports.ts';

/** Ports that were free a moment ago, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  return choosePorts(
    '127.0.0.1',
    Array.from({ length: count }, () => ({ port: 0, variable: 'PORT' })),
  );
}
