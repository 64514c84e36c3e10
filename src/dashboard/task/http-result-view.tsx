import { count, duration, plural } from '../format.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { JsonView } from '../parts/json-view.tsx';
import type { HttpResult } from './http-result.ts';

export function HttpResultView({ answer }: { answer: HttpResult }) {
  const { status, durationMs, headers, body, isTruncated, json } = answer;
  return (
    <div class="http">
      <p class="http-line">
        <strong class={`http-status http-${Math.floor(status / 100)}xx`}>{status}</strong>
        {durationMs !== undefined && <span class="quiet">in {duration(durationMs)}</span>}
        <span class="quiet">
          {plural(body.length, 'character')}
          {isTruncated && ', truncated'}
        </span>
      </p>
      {headers.length > 0 && (
        <details>
          <summary>{plural(headers.length, 'header')}</summary>
          <dl class="facts http-headers">
            {headers.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      <h3>Body</h3>
      {json ? <JsonView value={json.value} label="Body" /> : <TextBody body={body} />}
      {isTruncated && <p class="note">Only the first {count(body.length)} characters are kept.</p>}
    </div>
  );
}

function TextBody({ body }: { body: string }) {
  if (body === '') return <p class="quiet">The body is empty.</p>;
  return (
    <div class="json">
      <div class="json-tools">
        <CopyButton text={() => body} label="Copy body" />
      </div>
      <pre class="log" tabIndex={0} role="region" aria-label="Body">
        {body}
      </pre>
    </div>
  );
}
