const everyMs = 500;

/**
 * Under npm, asks for an orderly stop when npm is gone: killed with SIGKILL, it can't pass that on. (`exec` in
 * package.json's scripts makes npm our direct parent; the shell between would die of a SIGTERM and leave us.)
 */
export function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, everyMs);
  timer.unref();
}
