/** Returns a command line of Taskbell as it is typed in a checkout, for texts that say what to run. */
export function ownCommand(args: string): string {
  return `npm run taskbell -- ${args}`;
}
