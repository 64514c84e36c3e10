import { z } from 'zod';
import { defineTaskType, type TaskType } from './define.ts';
import { importDefault, type LoadOptions, moduleError } from './load.ts';
import { errorMessage } from '../../src/lib/error-message.ts';

/** Maximum time that all modules can take to load, in milliseconds: a module may wait for something. */
const maxLoadMs = 45_000;

/**
 * Loads users' own task types.
 *
 * @param specifiers ES modules whose default export is a task type or an array of them: a path relative to the
 *   current directory (`./tasks/greet.js`), an absolute one, or the name of a package
 * @param taken Names that are taken, each with where it is: of the built-in types.
 */
export async function loadTaskModules(
  specifiers: readonly string[],
  taken: ReadonlyMap<string, string>,
  { maxMs = maxLoadMs, onExit }: LoadOptions = {},
): Promise<TaskType[]> {
  const deadline = performance.now() + maxMs;
  const types: TaskType[] = [];
  const places = new Map(taken);
  // One after the other, so that their order and the first error are always the same.
  for (const specifier of specifiers) {
    for (const type of typesIn(specifier, await importDefault(specifier, { deadline, onExit }))) {
      const other = places.get(type.name);
      if (other !== undefined) {
        const where = other === specifier ? 'both of them in it' : `the other is ${other}`;
        throw moduleError(specifier, `there are two task types called "${type.name}", ${where}`);
      }
      places.set(type.name, specifier);
      types.push(type);
    }
  }
  return types;
}

function typesIn(specifier: string, exported: unknown): TaskType[] {
  const found: unknown[] = Array.isArray(exported) ? exported : [exported];
  return found.map((value, i) => {
    const where = Array.isArray(exported) ? `its default export's item ${i + 1}` : 'its default export';
    return asTaskType(value, (what, cause) => moduleError(specifier, `${where} ${what}`, cause));
  });
}

function asTaskType(value: unknown, fault: (what: string, cause?: unknown) => Error): TaskType {
  if (typeof value !== 'object' || value === null) throw fault('is not a task type or an array of them');
  const wrong = requirements.filter(({ met }) => !met(value)).map(({ text }) => text);
  if (wrong.length > 0) throw fault(`is not a task type: ${wrong.join(', ')}`);
  try {
    // All its members have just been checked.
    const type = value as TaskType;
    jsonSchemaOf(type.payload);
    return defineTaskType(type);
  } catch (error) {
    throw fault(`is not a task type: ${errorMessage(error)}`, error);
  }
}

const retryOn = z
  .strictObject({ softTimeLimit: z.boolean(), timeLimit: z.boolean(), memoryLimit: z.boolean() })
  .partial()
  .optional();
const cleanupSeconds = z.number().min(0).max(3600).optional();

/** Requirements on a task type. Schemas are recognised by their members: the user's copy of zod may not be ours. */
const requirements: readonly { met: (value: object) => boolean; text: string }[] = [
  { met: (value) => 'name' in value && typeof value.name === 'string', text: '`name` is not a string' },
  {
    met: (value) => 'description' in value && typeof value.description === 'string',
    text: '`description` is not a string',
  },
  {
    met: (value) => 'payload' in value && isSchema(value.payload),
    text: '`payload` is not a schema of zod 4',
  },
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
  {
    met: (value) => !('quick' in value) || ['undefined', 'boolean', 'function'].includes(typeof value.quick),
    text: '`quick` is neither true nor false, nor a function of the payload',
  },
];

function isSchema(value: unknown): value is z.ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value && 'safeParseAsync' in value;
}

/** Returns a payload's JSON Schema. @throws if zod can't describe it, as the API has to. */
export function jsonSchemaOf(payload: z.ZodType): Record<string, unknown> {
  return { ...z.toJSONSchema(payload, { io: 'input', unrepresentable: 'any' }) };
}
