/**
 * The Temporal server can't be reached now. `message` can be shown unchanged: it says what to check. Unlike after a
 * SetupError, starting the process again may help.
 */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
}
