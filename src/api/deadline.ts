import type { MiddlewareHandler } from 'hono';
import { withinDeadline } from '../lib/deadline.ts';
import { answerMs } from '../resources/time-limit.ts';

/** Gives a request its deadline. A request can make many calls, each of which may take its time. */
export const limitTime: MiddlewareHandler = (_c, next) => withinDeadline(answerMs, next);
