import { duration, plural } from '../format.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { JsonView } from '../parts/json-view.tsx';
import { base64Bytes, type HttpResult } from './http-result.ts';

export function HttpResultView({ answer }: { answer: HttpResult }) {
  const { status, durationMs, headers, body, isBase64, coding, isTruncated, json } = answer;
  const size = isBase64 ? plural(base64Bytes(body), 'byte') : plural(body.length, 'character');
  return (
    <div class="http">
      <p class="http-line">
        <strong class={`http-status http-${Math.floor(status / 100)}xx`}>{status}</strong>
        {durationMs !== undefined && <span class="quiet">in {duration(durationMs)}</span>}
        <span class="quiet">
          {size}
          {isTruncated && ', truncated'}
        </span>
      </p>
      {headers.length > 0 && (
        <details>
          <summary>{plural(headers.length, 'header')}</summary>
          <dl class="facts http-headers">
            {headers.map(([name, values]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  {values.map((value, index) => (
                    <div key={index}>{value}</div>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      <h3>Body</h3>
      {isBase64 && (
        <p class="note">
          {coding === undefined
            ? 'The body is not text, so it is shown in base64.'
            : `The body has an unknown content coding, ${coding}, so it is shown in base64.`}
        </p>
      )}
      {json ? <JsonView value={json.value} label="Body" /> : <TextBody body={body} />}
      {isTruncated && <p class="note">Only the first {size} are kept.</p>}
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
