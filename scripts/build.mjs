#!/usr/bin/env node
// Builds dist/: the compiled sources, the workflow bundle and the pages. The build goes to a temporary folder,
// which replaces dist/ only once it is complete, so a failed build leaves the last good one in place.
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { hashSources, stampName } from './lib/build-stamp.mjs';
import { root } from './lib/root.mjs';
import { orExit, runNode } from './lib/run.mjs';

// Next to dist and at the same depth, so that the paths in source maps stay valid.
const fresh = join(root, `dist.tmp-${process.pid}`);
const dist = join(root, 'dist');

try {
  const stamp = hashSources();
  await compile();
  await bundleProcesses();
  await bundleWorkflows();
  await copyDocs();
  await buildDashboard();
  await makeExecutable();
  await writeFile(join(fresh, stampName), stamp);
  await replaceDist();
} finally {
  await rm(fresh, { recursive: true, force: true });
}

async function compile() {
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  const code = await runNode([
    join(typescript, 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
    '--outDir',
    fresh,
  ]);
  if (code !== 0) {
    await rm(fresh, { recursive: true, force: true });
    await orExit(code);
  }
}

/**
 * Replaces the scripts of processes with bundles of all they import, since loading a file costs a process a
 * millisecond: a handler process starts in two thirds of the CPU time. Task types from elsewhere share with them what
 * `taskbell/task-types` exports, and zod. What finds a file beside its own (parent-watch.ts) must stay in the bundle of
 * one script; what several share goes to src/chunks.
 */
async function bundleProcesses() {
  const names = ['src/cli/main', 'activities/pool/handler-main', 'activities/types/define'];
  const bundle = await rolldown({
    cwd: root,
    platform: 'node',
    input: Object.fromEntries(names.map((name) => [name, `${name}.ts`])),
    // Packages with native code, or with files that they look for beside their own.
    external: [/^@temporalio\//, /^@node-rs\//, /^pino$/, /^zod(\/|$)/],
    transform: { target: 'node20' },
  });
  await bundle.write({
    dir: fresh,
    entryFileNames: '[name].js',
    chunkFileNames: 'src/chunks/[name].js',
    sourcemap: true,
  });
  await bundle.close();
}

/** Bundles the workflows at build time: a worker starts 1.5 s sooner, and all workers run the same code. */
async function bundleWorkflows() {
  const { DefaultLogger, bundleWorkflowCode } = await import('@temporalio/worker');
  const workflowsPath = join(fresh, 'workflows', 'index.js');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    // Loaded once, not by every workflow: no module here keeps anything of the workflow that it runs for.
    preloadModules: [workflowsPath],
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(join(fresh, 'workflow-bundle.js'), code);
}

/** Copies the page at /docs, with the files of Swagger UI that it needs: nothing is loaded from elsewhere. */
async function copyDocs() {
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const docs = join(fresh, 'docs');
  await cp(join(root, 'src', 'api', 'docs'), docs, { recursive: true });
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    await copyFile(join(swagger, name), join(docs, name));
  }
}

/** Builds the web app at /, as files that the API serves. */
async function buildDashboard() {
  const { build } = await import('vite');
  await build({
    configFile: join(root, 'src', 'dashboard', 'vite.config.mjs'),
    logLevel: 'warn',
    build: { outDir: join(fresh, 'dashboard') },
  });
}

async function makeExecutable() {
  const main = join(fresh, 'src', 'cli', 'main.js');
  if (existsSync(main)) await chmod(main, 0o755);
}

async function replaceDist() {
  const old = `${fresh}-old`;
  if (existsSync(dist)) await rename(dist, old);
  await rename(fresh, dist);
  await rm(old, { recursive: true, force: true });
}
