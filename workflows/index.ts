// The SDK takes a stack trace of each promise, and looks up each of its frames in the source map: with the ten frames that
// are the default, a third of the time that workflows take. Three say where an error comes from.
Error.stackTraceLimit = 3;

export { task } from './task.ts';
