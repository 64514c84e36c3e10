import { useMemo } from 'preact/hooks';
import type { Task } from '../../client/index.ts';
import { JsonView } from '../parts/json-view.tsx';
import { DataResultView } from './data-result-view.tsx';
import { readDataResult } from './data-result.ts';
import { HttpResultView } from './http-result-view.tsx';
import { readHttpResult } from './http-result.ts';

/** Shows the result of a task: visualized if its shape is known, and always as JSON. */
export function Result({ task: { type, status, result } }: { task: Task }) {
  const data = useMemo(() => (type === 'process-data' ? readDataResult(result) : undefined), [type, result]);
  // A handler may return null, so the status decides.
  if (status !== 'COMPLETED') return null;
  const answer = type === 'http-request' ? readHttpResult(result) : undefined;
  const json = <JsonView value={result} label="Result" />;
  if (!data && !answer) {
    return (
      <section class="card">
        <h2>Result</h2>
        {json}
      </section>
    );
  }
  return (
    <section class="card">
      <h2>Result</h2>
      {data && <DataResultView data={data} />}
      {answer && <HttpResultView answer={answer} />}
      <details class="result-json">
        <summary>As JSON</summary>
        {json}
      </details>
    </section>
  );
}
