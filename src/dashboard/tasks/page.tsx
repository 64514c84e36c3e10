import { useTitle } from '../parts/title.ts';

export function TasksPage() {
  useTitle('Tasks');
  return (
    <section class="page">
      <h1 tabIndex={-1}>Tasks</h1>
    </section>
  );
}
