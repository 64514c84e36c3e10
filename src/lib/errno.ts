/** Returns the code of one of Node's system errors, such as `ENOENT`. */
export function errnoOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

export function isErrno(error: unknown, code: string): boolean {
  return errnoOf(error) === code;
}
