/** All workflows of a worker share their modules (scripts/build.mjs), so none may keep anything of one workflow. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { expect, test } from 'vitest';

const files = ['workflows', 'src/contract'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);

/** Returns the variables at the top of a module that can change. */
function variablesOf(path: string, source = readFileSync(path, 'utf8')): string[] {
  return parseSync(path, source).program.body.flatMap((statement) => {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declared?.type !== 'VariableDeclaration') return [];
    return declared.declarations
      .filter(({ init }) => declared.kind !== 'const' || isEmptyCollection(init))
      .map(({ id }) => (id.type === 'Identifier' ? id.name : path));
  });
}

/** Returns whether an expression creates a collection with nothing in it, to be filled later. */
function isEmptyCollection(init: { readonly type: string } | null): boolean {
  if (init?.type === 'ArrayExpression') return 'elements' in init && isEmpty(init.elements);
  return init?.type === 'NewExpression' && 'arguments' in init && isEmpty(init.arguments);
}

function isEmpty(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0;
}

test('no module of the workflow has a variable that outlives it', () => {
  expect(files.length).toBeGreaterThan(30);
  expect(files.flatMap((path) => variablesOf(path).map((name) => `${path}: ${name}`))).toEqual([]);
  const source =
    'export let a = 1; const b = new Map(); const c = []; const d = [1]; const e = new Set([1]);';
  expect(variablesOf('x.ts', source)).toEqual(['a', 'b', 'c']);
});
