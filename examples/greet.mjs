// Your own task type. Start Taskbell with it: TASKBELL_TASK_MODULES=./examples/greet.mjs npm start
import { defineTaskType } from 'taskbell/task-types';
import { z } from 'zod';

export default defineTaskType({
  name: 'greet',
  description: 'Greets a person',
  payload: z.strictObject({ who: z.string().min(1) }),
  run: async (context, { who }) => ({ greeting: `Hello, ${who}`, attempt: context.attempt }),
});
