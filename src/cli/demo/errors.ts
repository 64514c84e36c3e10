/** The demo can't be given. `message` is fit to be shown as it is: it says what to do. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}
