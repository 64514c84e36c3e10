#!/usr/bin/env node
// `npm run check:english`: finds wordings that made this project's texts hard to read, in comments, strings,
// page texts, names and documents. Prints each with its line and what to write instead; exits with 1 if there
// are any. `npm run check:english -- PATH…` checks those files alone.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { bareStart, names, unchecked, wordings } from './lib/english.mjs';
import { root } from './lib/root.mjs';

const code = /\.(?:ts|tsx|mjs)$/;
const prose = /\.(?:md|css|html|svg|sh|ya?ml|toml|example|json)$|Dockerfile$/;

const paths = listFiles(process.argv.slice(2));
const findings = paths.flatMap(checkFile);
for (const { path, line, found, advice } of findings) console.log(`${path}:${line}: "${found}": ${advice}`);
if (findings.length > 0) {
  console.log(`${findings.length} findings. scripts/lib/english.mjs lists the wordings.`);
  process.exitCode = 1;
}

function listFiles(wanted) {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...wanted];
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => code.test(path) || prose.test(path))
    .filter((path) => !unchecked.some((beginning) => path.startsWith(beginning)));
}

function checkFile(path) {
  let source;
  try {
    source = readFileSync(join(root, path), 'utf8');
  } catch (error) {
    // Deleted from the work tree, but not from Git's index.
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  const texts = code.test(path) ? textsOfCode(path, source) : [{ text: source, start: 0, rules: wordings }];
  return texts.flatMap(({ text, start, rules }) =>
    rules
      .flatMap(({ pattern, advice }) => Array.from(text.matchAll(pattern), (match) => ({ match, advice })))
      .map(({ match, advice }) => ({
        path,
        line: lineOf(source, start + match.index),
        found: flat(match[0]),
        advice,
      })),
  );
}

/**
 * Returns comments, strings, the fixed parts of templates, texts of elements, and names; not the paths of
 * imports.
 */
function textsOfCode(path, source) {
  const { program, comments, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0].message}`);
  const texts = comments.map(({ start, end }) => take(start, end, [...wordings, bareStart]));
  visit(program);
  return texts;

  function take(start, end, rules) {
    return { text: source.slice(start, end), start, rules };
  }
  function visit(node) {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node !== 'object') return;
    if (node.type === 'Identifier') texts.push(take(node.start, node.start + node.name.length, names));
    const isText =
      node.type === 'JSXText' ||
      node.type === 'TemplateElement' ||
      (node.type === 'Literal' && typeof node.value === 'string');
    if (isText) texts.push(take(node.start, node.end, wordings));
    const isModule = /^(?:Import|Export)/.test(node.type ?? '');
    for (const [key, value] of Object.entries(node)) if (!(isModule && key === 'source')) visit(value);
  }
}

function flat(found) {
  return found.replace(/[\s*/]+/g, ' ').trim();
}

function lineOf(source, index) {
  return source.slice(0, index).split('\n').length;
}
