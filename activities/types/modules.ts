import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { defineTaskType, type TaskType } from './define.ts';
import { errorMessage } from '../../src/lib/error-message.ts';

/**
 * Loads users' own task types.
 *
 * @param specifiers ES modules whose default export is a task type or an array of them: a path relative to the
 *   current directory (`./tasks/greet.js`), an absolute one, or the name of a package
 */
export async function loadTaskModules(specifiers: readonly string[]): Promise<TaskType[]> {
  const types: TaskType[] = [];
  // One after the other, so that their order and the first error are always the same.
  for (const specifier of specifiers) types.push(...(await loadTaskModule(specifier)));
  return types;
}

async function loadTaskModule(specifier: string): Promise<TaskType[]> {
  const exported = await importDefault(specifier);
  const found: unknown[] = Array.isArray(exported) ? exported : [exported];
  return found.map((value, i) => {
    const where = Array.isArray(exported) ? `its default export's item ${i + 1}` : 'its default export';
    return asTaskType(value, (what, cause) => moduleError(specifier, `${where} ${what}`, cause));
  });
}

async function importDefault(specifier: string): Promise<unknown> {
  let module: Record<string, unknown>;
  try {
    module = await import(locate(specifier));
  } catch (error) {
    const why = errorMessage(error);
    throw moduleError(specifier, `it cannot be loaded: ${why}`, error);
  }
  if (!('default' in module)) throw moduleError(specifier, 'it has no default export');
  return module['default'];
}

/**
 * Resolves paths and packages relative to the current directory; Node would resolve both relative to this
 * file.
 */
function locate(specifier: string): string {
  if (specifier.startsWith('file:')) return specifier;
  const path = resolve(specifier);
  const isPath = isAbsolute(specifier) || /^\.\.?[/\\]/.test(specifier);
  if (isPath || statSync(path, { throwIfNoEntry: false })?.isFile()) return pathToFileURL(path).href;
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve(specifier)).href;
  } catch {
    // A package for `import` only: Node resolves it as if it were a dependency of ours.
    return specifier;
  }
}

function asTaskType(value: unknown, fault: (what: string, cause?: unknown) => Error): TaskType {
  if (typeof value !== 'object' || value === null) throw fault('is not a task type or an array of them');
  const wrong = requirements.filter(({ met }) => !met(value)).map(({ text }) => text);
  if (wrong.length > 0) throw fault(`is not a task type: ${wrong.join(', ')}`);
  try {
    // All its members have just been checked.
    return defineTaskType(value as TaskType);
  } catch (error) {
    throw fault(`is not a task type: ${errorMessage(error)}`, error);
  }
}

const retryOn = z
  .strictObject({ softTimeLimit: z.boolean(), timeLimit: z.boolean(), memoryLimit: z.boolean() })
  .partial()
  .optional();
const cleanupSeconds = z.number().min(0).max(3600).optional();

/**
 * Requirements on a task type. Schemas are recognised by their methods: the user's copy of zod may not be
 * ours.
 */
const requirements: readonly { met: (value: object) => boolean; text: string }[] = [
  { met: (value) => 'name' in value && typeof value.name === 'string', text: '`name` is not a string' },
  {
    met: (value) => 'description' in value && typeof value.description === 'string',
    text: '`description` is not a string',
  },
  { met: (value) => 'payload' in value && isSchema(value.payload), text: '`payload` is not a zod schema' },
  { met: (value) => 'run' in value && typeof value.run === 'function', text: '`run` is not a function' },
  {
    met: (value) => retryOn.safeParse('retryOn' in value ? value.retryOn : undefined).success,
    text: '`retryOn` may only have softTimeLimit, timeLimit and memoryLimit, each true or false',
  },
  {
    met: (value) =>
      cleanupSeconds.safeParse('cleanupSeconds' in value ? value.cleanupSeconds : undefined).success,
    text: '`cleanupSeconds` is not a number from 0 to 3600',
  },
];

function isSchema(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'safeParse' in value &&
    typeof value.safeParse === 'function'
  );
}

function moduleError(specifier: string, why: string, cause?: unknown): Error {
  return new Error(`Task module "${specifier}": ${why}`, { cause });
}
