/** A change that cannot be made. `message` is one line for the person who requested it. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
