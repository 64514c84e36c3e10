import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { run } from './run.mjs';

/** Debian packages that only tests need, each with a check that what they use is there. */
const packages = {
  'docker-compose': () => existsSync('/usr/bin/docker-compose'),
  'chromium-headless-shell': () => existsSync('/usr/bin/chromium-headless-shell'),
  'python3-venv': () => spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0,
};

/** Installs the missing packages where it can: as root on Debian. Elsewhere, tests report what they lack. */
export async function ensureSystemPackages() {
  const missing = Object.keys(packages).filter((name) => !packages[name]());
  const allowed = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (missing.length === 0 || !allowed) return;
  console.error(`Installing ${missing.join(', ')} (apt-get)…`);
  await run('apt-get', ['update', '-qq']);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
}
