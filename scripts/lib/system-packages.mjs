import { existsSync } from 'node:fs';
import { run } from './run.mjs';

/** Debian packages that only tests need, with the file that tells that one is there. */
const packages = { 'docker-compose': '/usr/bin/docker-compose', chromium: '/usr/bin/chromium' };

/** Installs what is missing, where we may: as root on Debian. Elsewhere tests that need it say so. */
export async function ensureSystemPackages() {
  const missing = Object.keys(packages).filter((name) => !existsSync(packages[name]));
  const allowed = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (missing.length === 0 || !allowed) return;
  console.error(`Installing ${missing.join(', ')} (apt-get)…`);
  await run('apt-get', ['update', '-qq']);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
}
