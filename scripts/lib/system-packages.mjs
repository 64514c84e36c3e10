import { existsSync } from 'node:fs';
import { run } from './run.mjs';

/** Debian packages that only tests need, each with a file that shows that it is installed. */
const packages = {
  'docker-compose': '/usr/bin/docker-compose',
  'chromium-headless-shell': '/usr/bin/chromium-headless-shell',
};

/** Installs the missing packages where it can: as root on Debian. Elsewhere, tests report what they lack. */
export async function ensureSystemPackages() {
  const missing = Object.keys(packages).filter((name) => !existsSync(packages[name]));
  const allowed = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (missing.length === 0 || !allowed) return;
  console.error(`Installing ${missing.join(', ')} (apt-get)…`);
  await run('apt-get', ['update', '-qq']);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
}
