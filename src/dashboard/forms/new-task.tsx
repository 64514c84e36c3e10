import { useTitle } from '../parts/title.ts';

export function NewTaskPage() {
  useTitle('New task');
  return (
    <section class="page">
      <h1 tabIndex={-1}>New task</h1>
    </section>
  );
}
