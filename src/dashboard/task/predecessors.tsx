import { useEffect, useState } from 'preact/hooks';
import { useDashboard } from '../dashboard.ts';
import { shortId } from '../format.ts';

/** Lists a task's predecessors, with their names if they can be read. */
export function Predecessors({ ids }: { ids: readonly string[] }) {
  const names = useNames(ids);
  return (
    <ul class="plain">
      {ids.map((id) => {
        const name = names.get(id);
        return (
          <li key={id}>
            <a href={`/tasks/${encodeURIComponent(id)}`} title={id}>
              <code>{shortId(id)}</code>
              {name !== undefined && (
                <>
                  {' '}
                  <bdi>{name}</bdi>
                </>
              )}
            </a>
          </li>
        );
      })}
    </ul>
  );
}

function useNames(ids: readonly string[]): ReadonlyMap<string, string> {
  const { tasks } = useDashboard().client;
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const key = ids.join();
  useEffect(() => {
    const leaving = new AbortController();
    for (const id of key.split(',')) {
      tasks.get(id, { signal: leaving.signal }).then(
        ({ name }) => setNames((before) => new Map(before).set(id, name)),
        // A task that no longer exists, or cannot be read now, is shown by its id.
        () => undefined,
      );
    }
    return () => leaving.abort();
  }, [tasks, key]);
  return names;
}
