/** A JSON value as a tree. Collapsed parts are not rendered, so that large or deep values cost nothing. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../format.ts';
import { CopyButton } from './copy-button.tsx';
import { type Container, isContainer, previewOf, sizeOf } from './json-preview.ts';

const step = 100;
const longText = 300;

export function JsonView({ value, label }: { value: unknown; label: string }) {
  return (
    <div class="json">
      <div class="json-tools">
        <CopyButton text={() => JSON.stringify(value, null, 2)} label={`Copy ${label} as JSON`} />
      </div>
      <div class="json-tree" tabIndex={0} role="region" aria-label={label}>
        {isContainer(value) ? <Branch value={value} opensAtFirst /> : <Leaf value={value} />}
      </div>
    </div>
  );
}

function Node({ name, value }: { name: string; value: unknown }) {
  const key = <span class="json-key">{name}</span>;
  if (isContainer(value)) return <Branch name={key} value={value} />;
  return (
    <div class="json-row">
      {key}
      <span class="json-colon">: </span>
      <Leaf value={value} />
    </div>
  );
}

function Branch({
  name,
  value,
  opensAtFirst = false,
}: {
  name?: ComponentChildren;
  value: Container;
  opensAtFirst?: boolean;
}) {
  const [isOpen, setOpen] = useState(opensAtFirst);
  const size = sizeOf(value);
  const head = (
    <>
      {name}
      {name !== undefined && <span class="json-colon">: </span>}
      <span class="json-preview">{isOpen ? sizeWords(value, size) : previewOf(value)}</span>
    </>
  );
  if (size === 0) return <div class="json-row">{head}</div>;
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{head}</summary>
      {isOpen && <Children value={value} />}
    </details>
  );
}

function sizeWords(value: Container, size: number): string {
  return Array.isArray(value) ? `[ ${count(size)} ]` : `{ ${count(size)} }`;
}

function Children({ value }: { value: Container }) {
  const [shown, setShown] = useState(step);
  const all = Object.keys(value);
  const left = all.length - shown;
  return (
    <div class="json-children">
      {all.slice(0, shown).map((key) => (
        <Node key={key} name={key} value={Reflect.get(value, key)} />
      ))}
      {left > 0 && (
        <button type="button" class="link json-more" onClick={() => setShown(shown + step)}>
          Show {Math.min(step, left)} more of {count(left)}
        </button>
      )}
    </div>
  );
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'string') return <Text value={value} />;
  const kind = value === null ? 'null' : typeof value;
  return <span class={`json-${kind}`}>{String(value)}</span>;
}

function Text({ value }: { value: string }) {
  const [isWhole, setWhole] = useState(false);
  const isLong = value.length > longText;
  const shown = isLong && !isWhole ? `${value.slice(0, longText)}…` : value;
  return (
    <span class="json-string">
      "{shown}"
      {isLong && (
        <>
          {' '}
          <button type="button" class="link json-more" onClick={() => setWhole(!isWhole)}>
            {isWhole ? 'Show less' : `Show all ${count(value.length)} characters`}
          </button>
        </>
      )}
    </span>
  );
}
