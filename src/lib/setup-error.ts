/**
 * Something that Taskbell needs, such as the Temporal server, can't be obtained or used. `message` can be shown
 * unchanged: it says what to do.
 */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
