import { choosePorts } from '../../src/engine/ports.ts';

/** Returns different ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  return choosePorts(
    '127.0.0.1',
    Array.from({ length: count }, () => ({ port: 0, variable: 'PORT' })),
  );
}
