import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTaskType, type TaskType } from '../../../activities/types/define.ts';
import { createTaskTypes, loadTaskModules } from '../../../activities/types/index.ts';
import { createContext, failureOf } from './support.ts';

const settings = { dataDir: undefined, httpAllowHosts: [] };

const greet = defineTaskType({
  name: 'greet',
  description: 'Greets a person',
  payload: z.strictObject({ who: z.string().default('world'), 'a/b~c': z.array(z.number()).optional() }),
  run: async (_context, { who }) => `Hello, ${who}`,
});

describe('createTaskTypes', () => {
  it('has the built-in types, and the given ones after them', () => {
    const types = createTaskTypes({ ...settings, extra: [greet] });
    expect(types.list().map(({ name }) => name)).toEqual(['process-data', 'http-request', 'greet']);
    expect(types.get('greet')).toMatchObject({ name: 'greet', description: 'Greets a person' });
    expect(types.get('toString')).toBeUndefined();
  });

  it('rejects two types with one name', () => {
    expect(() => createTaskTypes({ ...settings, extra: [greet, greet] })).toThrow(
      'There are two task types called "greet"',
    );
    const mine = { ...greet, name: 'process-data' };
    expect(() => createTaskTypes({ ...settings, extra: [mine] })).toThrow(
      'two task types called "process-data"',
    );
  });

  it('runs a type on its parsed payload, defaults applied', async () => {
    const type = createTaskTypes({ ...settings, extra: [greet] }).get('greet');
    expect(await type?.run(createContext(), {})).toBe('Hello, world');
  });

  it('says where a payload is invalid, and does not run it', async () => {
    const type = createTaskTypes({ ...settings, extra: [greet] }).get('greet');
    const payload = { who: 1, 'a/b~c': [1, 'x'] };
    expect((await type?.check(payload))?.errors.map(({ pointer }) => pointer)).toEqual([
      '/payload/who',
      '/payload/a~1b~0c/1',
    ]);
    expect((await type?.check({ who: 'x' }))?.errors).toEqual([]);
    const failure = await failureOf(Promise.resolve(type?.run(createContext(), payload)));
    expect(failure).toMatchObject({ type: 'InvalidPayload', retryable: false });
    expect(failure.message).toContain('/payload/who: ');
  });

  it('checks payloads by asynchronous refinements, too', async () => {
    const isKnown = async (who: string): Promise<boolean> => Promise.resolve(who === 'ada');
    const payload = z.strictObject({ who: z.string().refine(isKnown, 'Unknown.') });
    const asks = { ...greet, payload, run: async () => 'asked' };
    const type = createTaskTypes({ ...settings, extra: [asks] }).get('greet');
    expect((await type?.check({ who: 'bob' }))?.errors).toEqual([
      { pointer: '/payload/who', message: 'Unknown.' },
    ]);
    expect((await type?.check({ who: 'ada' }))?.errors).toEqual([]);
    expect(await type?.run(createContext(), { who: 'ada' })).toBe('asked');
  });

  it('knows which payloads a type declares quick, by the payload with its defaults', async () => {
    const quickFor = (who: string) => ({
      ...greet,
      quick: (payload: { who: string }) => payload.who === who,
    });
    const isQuick = async (type: TaskType, payload: unknown): Promise<boolean | undefined> =>
      (
        await createTaskTypes({ ...settings, extra: [type] })
          .get('greet')
          ?.check(payload)
      )?.isQuick;
    expect(await isQuick(greet, {})).toBe(false);
    expect(await isQuick({ ...greet, quick: true }, {})).toBe(true);
    expect(await isQuick({ ...greet, quick: true }, { who: 1 })).toBe(false);
    expect(await isQuick(quickFor('world'), {})).toBe(true);
    expect(await isQuick(quickFor('world'), { who: 'ada' })).toBe(false);
    const throws = (): boolean => {
      throw new Error('no such option');
    };
    expect(await isQuick({ ...greet, quick: throws }, {})).toBe(false);
    expect(await isQuick({ ...greet, quick: (async () => true) as never }, {})).toBe(false);
    const types = createTaskTypes(settings);
    const quick = async (name: string, payload: object) => (await types.get(name)?.check(payload))?.isQuick;
    expect(await quick('process-data', { csv: 'a\n1' })).toBe(true);
    expect(await quick('process-data', {})).toBe(true);
    expect(await quick('process-data', { file: 'a.csv' })).toBe(false);
    expect(await quick('http-request', { url: 'http://localhost/' })).toBe(false);
  });

  it('can describe the payloads of the built-in types as JSON Schema', () => {
    for (const { payload } of createTaskTypes(settings).list()) {
      expect(z.toJSONSchema(payload, { io: 'input' })).toMatchObject({
        type: 'object',
        additionalProperties: false,
      });
    }
  });
});

describe('loadTaskModules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'taskbell-modules-'));
  const zod = pathToFileURL(createRequire(import.meta.url).resolve('zod')).href;
  const type = (name: string) =>
    `{ name: '${name}', description: '', payload: z.looseObject({}), run: async () => '${name}' }`;
  const write = (name: string, source: string) => {
    const start = name.endsWith('.cjs')
      ? `const { z } = require(${JSON.stringify(fileURLToPath(zod))});`
      : `import { z } from '${zod}';`;
    writeFileSync(join(folder, name), `${start} ${source}`);
    return join(folder, name);
  };

  beforeAll(() => {
    write('one.mjs', `export default ${type('one')};`);
    write('two.mjs', `export default [${type('two')}, ${type('three')}];`);
    write('four.cjs', `module.exports = ${type('four')};`);
    const packageFolder = join(folder, 'node_modules/some-tasks');
    mkdirSync(packageFolder, { recursive: true });
    writeFileSync(join(packageFolder, 'package.json'), '{"name":"some-tasks","main":"./main.cjs"}');
    write('node_modules/some-tasks/main.cjs', `module.exports = ${type('five')};`);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('loads modules by path, relative path and URL, in their order', async () => {
    const one = relative(process.cwd(), join(folder, 'one.mjs'));
    const four = pathToFileURL(join(folder, 'four.cjs')).href;
    const types = await loadTaskModules([join(folder, 'two.mjs'), one, four]);
    expect(types.map(({ name }) => name)).toEqual(['two', 'three', 'one', 'four']);
    expect(
      await createTaskTypes({ ...settings, extra: types })
        .get('four')
        ?.run(createContext(), {}),
    ).toBe('four');
  });

  it('loads a package from the folder where the service was started, and a path without ./', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      const types = await loadTaskModules(['some-tasks', 'one.mjs', './two.mjs']);
      expect(types.map(({ name }) => name)).toEqual(['five', 'one', 'two', 'three']);
    } finally {
      process.chdir(before);
    }
  });

  it.each([
    ['export const greet = 1;', 'it has no default export'],
    ['export default 1;', 'its default export is not a task type or an array of them'],
    ['export default [null];', "its default export's item 1 is not a task type or an array of them"],
    [
      `export default { ...${type('x')}, run: 1, payload: {} };`,
      '`payload` is not a schema of zod 4, `run` is not a function',
    ],
    ['export default {};', '`name` is not a string, `description` is not a string'],
    [
      `export default ${type('Bad Name')};`,
      'Not a valid task type name: "Bad Name". Use up to 64 lower-case letters',
    ],
    [
      // What a schema of zod 3 has.
      `export default { ...${type('x')}, payload: { _def: {}, parse() {}, safeParse() {}, safeParseAsync() {} } };`,
      '`payload` is not a schema of zod 4',
    ],
    ['throw new Error("boom");', 'it cannot be loaded: boom'],
    ['export default (', 'it cannot be loaded: '],
    ['import "./not-there.mjs";', 'it cannot be loaded: Cannot find module'],
  ])('says what is wrong with %j', async (source, message) => {
    const path = write(`bad-${Math.abs(hashOf(source))}.mjs`, source);
    const error: unknown = await loadTaskModules([path]).catch((error: unknown) => error);
    expect(String(error)).toContain(`Task module "${path}": `);
    expect(String(error)).toContain(message);
  });

  it('names both modules that have a type of the same name', async () => {
    const [one, other] = [join(folder, 'one.mjs'), write('other.mjs', `export default ${type('one')};`)];
    await expect(loadTaskModules([one, other])).rejects.toThrow(
      `Task module "${other}": there are two task types called "one", the other is ${one}`,
    );
    const twice = write('twice.mjs', `export default [${type('same')}, ${type('same')}];`);
    await expect(loadTaskModules([twice])).rejects.toThrow(
      'two task types called "same", both of them in it',
    );
    const builtIn = write('built-in.mjs', `export default ${type('http-request')};`);
    await expect(loadTaskModules([builtIn])).rejects.toThrow(
      `Task module "${builtIn}": there are two task types called "http-request", the other is built in`,
    );
  });

  it('names a module that waits forever while it is loaded', async () => {
    const path = write('waits.mjs', 'await new Promise(() => undefined); export default 1;');
    await expect(loadTaskModules([join(folder, 'one.mjs'), path], { maxMs: 500 })).rejects.toThrow(
      `Task module "${path}": it cannot be loaded: it did not finish in time. Does a top-level await`,
    );
  });

  it.each(['./none.mjs', 'no-such-package-at-all'])('names %s, which does not exist', async (specifier) => {
    await expect(loadTaskModules([specifier])).rejects.toThrow(
      `Task module "${specifier}": it cannot be loaded: `,
    );
  });
});

function hashOf(text: string): number {
  return [...Buffer.from(text)].reduce((hash, byte) => Math.imul(hash, 31) + byte, 7);
}
