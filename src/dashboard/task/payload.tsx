import type { Task } from '../../client/index.ts';
import { JsonView } from '../parts/json-view.tsx';

export function Payload({ task }: { task: Task }) {
  return (
    <section class="card">
      <h2>Payload</h2>
      <JsonView value={task.payload} label="Payload" />
    </section>
  );
}
