/**
 * Time for all calls to Temporal that one answer takes together, in milliseconds: a request is answered within five
 * seconds.
 */
export const answerMs = 4500;
