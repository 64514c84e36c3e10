import { useTitle } from '../parts/title.ts';

export function TaskPage({ id }: { id: string }) {
  useTitle('Task');
  return (
    <section class="page">
      <h1 tabIndex={-1}>Task {id}</h1>
    </section>
  );
}
