import { useEffect, useState } from 'preact/hooks';
import { useDashboard } from '../dashboard.ts';
import { shortId } from '../format.ts';

/** The tasks that one follows, by their names as far as they can be read. */
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
        // One that is no more, or cannot be read now, goes by its id.
        () => undefined,
      );
    }
    return () => leaving.abort();
  }, [tasks, key]);
  return names;
}
