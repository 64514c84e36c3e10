import { createClient, TaskbellError } from 'taskbell/client';

const [url, username, password] = process.argv.slice(2);
const { tasks } = createClient({ url, username, password });

const { id } = await tasks.create({
  name: 'Sum up',
  delay: 2,
  payload: { csv: 'city,temp\nOslo,3\nRome,17\n' },
});
for await (const { status, waiting, progress, result } of tasks.watch(id, { until: 'ended' })) {
  console.log(status, waiting ?? progress ?? result?.columns ?? '');
}

try {
  await tasks.create({ name: '', delay: -1 });
} catch (error) {
  if (!(error instanceof TaskbellError)) throw error;
  for (const { pointer, message } of error.errors) console.log(pointer, message);
}
