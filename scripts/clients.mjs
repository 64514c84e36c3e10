#!/usr/bin/env node
// `npm run clients`: generates clients from openapi.json with the usual generators, compiles them, and creates, reads,
// lists and cancels a task with each. Also lints the document. Needs Java 11 or later, Go, Python 3 and the network;
// the generators are kept in the user's cache. `npm run clients -- go python` tries those clients alone. With
// `--url URL` and TASKBELL_KEY, they use that service instead of one of their own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuild, importBuilt } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { startOwnService } from './lib/own-service.mjs';
import { root } from './lib/root.mjs';
import { run } from './lib/run.mjs';
import { ensureTemporal } from './lib/temporal.mjs';

const openApiGenerator = {
  version: '7.25.0',
  sha256: '41ce4f6b07f196676439d710759fa1ced7a08066d06ff1bf314681470289efae',
};
const pythonPackages = [
  'openapi-python-client==0.29.1',
  // Required by the client that OpenAPI Generator writes.
  'pydantic>=2',
  'urllib3>=2',
  'python-dateutil>=2',
  'typing-extensions>=4',
];
const npmPackages = [
  '@redocly/cli@2.77.0',
  'openapi-fetch@0.17.0',
  'openapi-typescript@7.13.0',
  'typescript@5.9.3',
];

const spec = join(root, 'openapi.json');
const smokeTests = join(root, 'scripts', 'clients');

const checks = {
  lint,
  python,
  go,
  'typescript-fetch': typescriptFetch,
  'openapi-python-client': openapiPythonClient,
  'openapi-typescript': openapiTypescript,
};
const options = { url: { type: 'string' } };
const { values, positionals: wanted } = parseArgs({ options, allowPositionals: true });
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. Choose from: ${Object.keys(checks).join(', ')}.`);
  process.exit(2);
}

await ensureDependencies();
await ensureBuild();
const tools = await ensureTools();

const service = await useService(values.url);
const folder = await mkdtemp(join(tmpdir(), 'taskbell-clients-'));
const env = { ...process.env, TASKBELL_URL: service.url, TASKBELL_KEY: service.key };
const outcomes = [];
try {
  for (const [name, check] of Object.entries(checks)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`\n— ${name}`);
    const place = join(folder, name);
    await mkdir(place);
    const error = await check(place).then(
      () => undefined,
      ({ message }) => message,
    );
    outcomes.push({ name, error });
  }
} finally {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}
console.log('');
for (const { name, error } of outcomes) console.log(`${name}: ${error ?? 'works'}`);
if (outcomes.some(({ error }) => error !== undefined)) process.exitCode = 1;

/** Runs one step. @throws if it fails. */
async function step(command, args, cwd) {
  const code = await run(command, args, { cwd, env });
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}`);
}

async function lint(place) {
  await step(join(tools.npm, 'redocly'), ['lint', spec], place);
}

/** Generates a client with OpenAPI Generator. */
async function generate(place, generator, ...options) {
  const args = ['-jar', tools.jar, 'generate', '--input-spec', spec, '--generator-name', generator];
  const less = ['--global-property', 'apiTests=false,modelTests=false,apiDocs=false,modelDocs=false'];
  await step('java', ['-Dlog.level=error', ...args, '--output', place, ...less, ...options], place);
}

async function python(place) {
  await generate(place, 'python', '--package-name', 'taskbell_client');
  await smokeTest(place, 'python.py');
}

async function openapiPythonClient(place) {
  const target = join(place, 'taskbell_client');
  // Not its own program, which has the path of the folder in which it was installed.
  const args = ['-m', 'openapi_python_client', 'generate', '--path', spec, '--output-path', target];
  await step(join(tools.python, 'python'), [...args, '--meta', 'none'], place);
  await smokeTest(place, 'openapi-python-client.py');
}

/** Runs one of our Python programs beside a generated package. */
async function smokeTest(place, program) {
  await step(join(tools.python, 'python'), ['-m', 'compileall', '-q', place], place);
  await copyFile(join(smokeTests, program), join(place, 'smoke.py'));
  await step(join(tools.python, 'python'), ['smoke.py'], place);
}

async function go(place) {
  const client = join(place, 'taskbell');
  await mkdir(client);
  await generate(client, 'go', '--package-name', 'taskbell', '--additional-properties', 'withGoMod=false');
  await writeFile(join(place, 'go.mod'), 'module example.org/smoke\n\ngo 1.23\n');
  await copyFile(join(smokeTests, 'main.go'), join(place, 'main.go'));
  await step('go', ['mod', 'tidy'], place);
  await step('go', ['vet', './...'], place);
  await step('go', ['run', '.'], place);
}

async function typescriptFetch(place) {
  const client = join(place, 'client');
  await mkdir(client);
  await generate(client, 'typescript-fetch', '--additional-properties', 'importFileExtension=.js');
  await compileAndRun(place, 'typescript-fetch.ts');
}

async function openapiTypescript(place) {
  // By default, a field with a default value is required, even in requests.
  const options = ['--default-non-nullable=false', '-o', join(place, 'schema.d.ts')];
  await step(join(tools.npm, 'openapi-typescript'), [spec, ...options], place);
  await compileAndRun(place, 'openapi-typescript.ts');
}

/** Compiles one of our TypeScript programs with a generated client, in strict mode, and runs it. */
async function compileAndRun(place, program) {
  await copyFile(join(smokeTests, program), join(place, 'smoke.ts'));
  const compilerOptions = {
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    strict: true,
    outDir: 'out',
  };
  await writeFile(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*.ts'] }));
  await symlink(join(tools.npm, '..'), join(place, 'node_modules'));
  await step(join(tools.npm, 'tsc'), ['-p', place], place);
  await writeFile(join(place, 'package.json'), JSON.stringify({ type: 'module' }));
  await step(process.execPath, ['out/smoke.js'], place);
}

/** Uses the service at this address, or starts one. */
async function useService(url) {
  if (url !== undefined) return { url, key: process.env.TASKBELL_KEY, stop: async () => undefined };
  await ensureTemporal();
  return startOwnService('clients');
}

/** Installs the generators that are wanted into the user's cache. @returns their paths. */
async function ensureTools() {
  const { readConfig } = await importBuilt('config.js');
  const { cacheDir } = readConfig().engine;
  const needs = (...names) => wanted.length === 0 || names.some((name) => wanted.includes(name));
  const jar = async (target) => download(join(target, 'openapi-generator-cli.jar'));
  const pip = async (target) => {
    await install('python3', ['-m', 'venv', 'python'], target);
    await install(join(target, 'python', 'bin', 'pip'), ['install', '--quiet', ...pythonPackages], target);
  };
  const npm = async (target) => {
    await writeFile(join(target, 'package.json'), '{"private":true}');
    await install('npm', ['install', '--silent', '--no-fund', '--no-audit', ...npmPackages], target);
  };
  const javaFolder = await ensureFolder(
    cacheDir,
    needs('python', 'go', 'typescript-fetch'),
    openApiGenerator,
    jar,
  );
  const pipFolder = await ensureFolder(
    cacheDir,
    needs('python', 'openapi-python-client'),
    [pythonVersion(), ...pythonPackages],
    pip,
  );
  const npmFolder = await ensureFolder(
    cacheDir,
    needs('lint', 'typescript-fetch', 'openapi-typescript'),
    npmPackages,
    npm,
  );
  return {
    jar: join(javaFolder, 'openapi-generator-cli.jar'),
    python: join(pipFolder, 'python', 'bin'),
    npm: join(npmFolder, 'node_modules', '.bin'),
  };
}

/** Returns the version of Python, which an environment depends on; none if it is not installed. */
function pythonVersion() {
  return spawnSync('python3', ['--version'], { encoding: 'utf8' }).stdout ?? '';
}

/** Fills a folder of the cache, unless it is there or nothing needs it. @returns its path. */
async function ensureFolder(cacheDir, isNeeded, versions, fill) {
  const id = createHash('sha256').update(JSON.stringify(versions)).digest('hex').slice(0, 12);
  const target = join(cacheDir, `clients-${id}`);
  if (!isNeeded || existsSync(target)) return target;
  console.error('Installing generators of clients…');
  // Complete or not there at all, also if several fill it at once.
  const fresh = `${target}.${process.pid}`;
  try {
    await mkdir(fresh, { recursive: true });
    await fill(fresh);
    await rename(fresh, target).catch((error) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return target;
}

async function install(command, args, cwd) {
  const code = await run(command, args, { cwd });
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}`);
}

async function download(path) {
  const { version, sha256 } = openApiGenerator;
  const name = 'openapi-generator-cli';
  const url = `https://repo1.maven.org/maven2/org/openapitools/${name}/${version}/${name}-${version}.jar`;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`${url} has the SHA-256 ${found}, not ${sha256}`);
  await writeFile(`${path}.part`, bytes);
  await rename(`${path}.part`, path);
}
