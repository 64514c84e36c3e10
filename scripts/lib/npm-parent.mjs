const everyMs = 500;

/**
 * Under npm, asks this process for an orderly stop once npm has ended: npm can't pass on a SIGKILL. (`exec`
 * in package.json's scripts makes npm our direct parent; a shell in between would die of a SIGTERM and leave
 * us running.)
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
