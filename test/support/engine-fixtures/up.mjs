// Runs `taskbell up` with the roles of role.mjs, compiled from this checkout's sources.
const { readConfig } = await import(`${process.env.COMPILED}/src/config.js`);
const { up } = await import(`${process.env.COMPILED}/src/processes/up.js`);

process.exitCode = await up(readConfig(), {
  entry: new URL('./role.mjs', import.meta.url).pathname,
  firstUser: async () => ({ name: 'admin', password: "it's-secret" }),
  backoff: { initialMs: 50, maximumMs: 200, healthyAfterMs: 5_000 },
});
