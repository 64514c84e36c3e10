/** Registry of the task types. Add a built-in one to `createTaskTypes`; define.ts says what a task type is. */
import type { z } from 'zod';
import type { FieldError } from '../../src/contract/errors.ts';
import { fieldErrors } from '../../src/contract/issues.ts';
import type { JsonValue } from '../../src/contract/json.ts';
import { TaskFailure, type TaskContext, type TaskType } from './define.ts';
import { createHttpRequest } from './http-request/index.ts';
import type { LoadOptions } from './load.ts';
import * as modules from './modules.ts';
import { createProcessData } from './process-data/index.ts';

export { jsonSchemaOf } from './modules.ts';

/**
 * A task type with the type of its payload erased. It is safe to keep different ones together, because each
 * checks what it is given against its own schema.
 */
export interface AnyTaskType {
  readonly name: string;
  readonly description: string;
  readonly payload: z.ZodType;
  check(payload: unknown): Promise<PayloadCheck>;
  /** Whether the type declares any payload quick. */
  readonly mayBeQuick: boolean;
  readonly retryOn: TaskType['retryOn'];
  readonly cleanupSeconds: number | undefined;
  /** Runs one attempt on a payload as it was sent. An invalid one fails with a non-retryable `InvalidPayload`. */
  run(context: TaskContext, payload: unknown): Promise<JsonValue>;
}

export interface PayloadCheck {
  /** What is wrong with a payload, by JSON pointer into a task (`/payload/url`); empty if it is valid. */
  readonly errors: readonly FieldError[];
  /** Whether the type declares it quick. */
  readonly isQuick: boolean;
}

export interface TaskTypes {
  get(name: string): AnyTaskType | undefined;
  /** Returns the task types in order of registration. */
  list(): readonly AnyTaskType[];
}

export interface TaskTypeSettings {
  /** See {@link createProcessData}. */
  readonly dataDir: string | undefined;
  /** See {@link createHttpRequest}. */
  readonly httpAllowHosts: readonly string[];
  /** Users' own task types, from {@link loadTaskModules}. */
  readonly extra?: readonly TaskType[];
}

/** Loads users' own task types. @throws an Error that names the module if one can't be used. */
export function loadTaskModules(specifiers: readonly string[], options?: LoadOptions): Promise<TaskType[]> {
  const builtIn = createBuiltIn({ dataDir: undefined, httpAllowHosts: [] });
  return modules.loadTaskModules(specifiers, new Map(builtIn.map(({ name }) => [name, 'built in'])), options);
}

function createBuiltIn({ dataDir, httpAllowHosts }: Omit<TaskTypeSettings, 'extra'>): AnyTaskType[] {
  return [
    erasePayloadType(createProcessData({ dataDir })),
    erasePayloadType(createHttpRequest({ allowHosts: httpAllowHosts })),
  ];
}

/** Returns the built-in task types and the users' own. Throws if two have the same name. */
export function createTaskTypes({ extra = [], ...settings }: TaskTypeSettings): TaskTypes {
  const types = [...createBuiltIn(settings), ...extra.map((type) => erasePayloadType(type))];
  const byName = new Map<string, AnyTaskType>();
  for (const type of types) {
    if (byName.has(type.name)) throw new Error(`There are two task types called "${type.name}"`);
    byName.set(type.name, type);
  }
  return { get: (name) => byName.get(name), list: () => types };
}

function erasePayloadType<Payload>(type: TaskType<Payload>): AnyTaskType {
  const { name, description, payload: schema, retryOn, cleanupSeconds, quick = false } = type;
  return {
    name,
    description,
    retryOn,
    cleanupSeconds,
    payload: schema,
    mayBeQuick: quick !== false,
    async check(payload) {
      const { error, data } = await parse(schema, payload);
      if (error) return { errors: errorsOf(error), isQuick: false };
      return { errors: [], isQuick: declaresQuick(type, data) };
    },
    async run(context, payload) {
      const known = parse(schema, payload);
      // Nothing is awaited for most schemas: a request to stop that comes next finds the handler listening.
      const parsed = known instanceof Promise ? await known : known;
      context.signal.throwIfAborted();
      if (parsed.success) return type.run(context, parsed.data);
      const message = errorsOf(parsed.error).map(({ pointer, message }) => `${pointer}: ${message}`);
      throw new TaskFailure('InvalidPayload', message.join('; '), { retryable: false });
    },
  };
}

/** Returns whether a type declares a payload quick. If its function throws, it does not. */
function declaresQuick<Payload>({ name, quick = false }: TaskType<Payload>, payload: Payload): boolean {
  if (typeof quick !== 'function') return quick;
  try {
    // A function of a user's module may return anything.
    return (quick(payload) as unknown) === true;
  } catch (error) {
    process.emitWarning(`\`quick\` of the task type "${name}" has thrown: ${String(error)}`);
    return false;
  }
}

type Parsed<T> = z.ZodSafeParseResult<T>;

/** Parses at once, unless the schema has asynchronous refinements, which zod finds out on the way. */
function parse<T>(schema: z.ZodType<T>, payload: unknown): Parsed<T> | Promise<Parsed<T>> {
  try {
    return schema.safeParse(payload);
  } catch (error) {
    // Not by its class: the user's copy of zod may not be ours.
    if (error instanceof Error && error.constructor.name === '$ZodAsyncError')
      return schema.safeParseAsync(payload);
    throw error;
  }
}

function errorsOf(error: z.ZodError): FieldError[] {
  return fieldErrors(error, '/payload');
}
