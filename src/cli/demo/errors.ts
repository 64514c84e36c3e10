/** The demo can't run. `message` can be shown to the user unchanged: it says what to do. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}
