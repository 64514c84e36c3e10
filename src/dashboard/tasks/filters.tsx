import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { TaskFilter } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { Icon } from '../parts/icons.tsx';
import { useTaskTypes } from '../parts/use-task-types.ts';
import { checkFilter, type FilterName, filterPath, readFilter, withChanges } from './filter.ts';

const settleMs = 350;
const times = [
  ['scheduled_after', 'Scheduled from'],
  ['scheduled_before', 'Scheduled before'],
  ['created_after', 'Created from'],
  ['created_before', 'Created before'],
] as const satisfies readonly (readonly [FilterName, string])[];

/** Writes what is typed and chosen into the address, from where the list reads it. */
export function Filters({ filter }: { filter: TaskFilter }) {
  const { router } = useDashboard();
  const { account } = useWork();
  const change = (changes: Partial<Record<FilterName, unknown>>): void => {
    // Read the current filter: typed text takes effect a little later.
    const present = readFilter(router.url.peek().searchParams).filter;
    router.go(filterPath(withChanges(present, changes)), { replace: true });
  };
  const { status, name: _name, type: _type, ...more } = filter;
  // Only the initial state: it must not close while the user types in it.
  const [startsOpen] = useState(
    () => Object.keys(more).length > 0 && !matchMedia('(max-width: 56rem)').matches,
  );
  return (
    <search class="filters">
      <TextFilter label="Name starts with" value={filter.name} onChange={(name) => change({ name })} />
      <TypeFilter value={filter.type} onChange={(type) => change({ type })} />
      <details class="more-filters" open={startsOpen}>
        <summary class="button">
          <Icon name="filter" />
          More filters{Object.keys(more).length > 0 && ` (${Object.keys(more).length})`}
        </summary>
        <div class="more-filters-body">
          <TextFilter
            label="Tags (all required)"
            value={filter.tag?.join(', ')}
            check={(text) => checkFilter('tag', words(text))}
            onChange={(text) => change({ tag: words(text) })}
          />
          {times.map(([name, label]) => (
            <TimeFilter
              key={name}
              label={label}
              value={filter[name]}
              onChange={(at) => change({ [name]: at })}
            />
          ))}
          {account.role === 'admin' && (
            <TextFilter
              label="Owner (account ID)"
              value={filter.owner}
              check={(text) => checkFilter('owner', text)}
              onChange={(owner) => change({ owner })}
            />
          )}
        </div>
      </details>
      {Object.keys(filter).length > (status ? 1 : 0) && (
        <a class="clear-filters" href={filterPath(withChanges({}, { status }))}>
          Clear filters
        </a>
      )}
    </search>
  );
}

function words(text: string): string[] | undefined {
  const tags = text.split(/[\s,]+/).filter((word) => word !== '');
  return tags.length === 0 ? undefined : [...new Set(tags)];
}

/** A text input that takes effect when the user stops typing, if the text is valid. */
function TextFilter({
  label,
  value = '',
  check = () => undefined,
  onChange,
}: {
  label: string;
  value: string | undefined;
  /** Returns what is wrong with a text. */
  check?: (text: string) => string | undefined;
  onChange: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  const [problem, setProblem] = useState<string>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const sent = useRef(value);
  const id = useId();
  useEffect(() => {
    // Changed elsewhere: by a link, or by going back.
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  function settle(typed: string): void {
    const wrong = typed === '' ? undefined : check(typed);
    setProblem(wrong);
    if (wrong !== undefined) return;
    sent.current = typed;
    onChange(typed);
  }

  return (
    <div class="field">
      <label for={id} class="label">
        {label}
      </label>
      <input
        id={id}
        type="search"
        value={text}
        maxLength={400}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={problem === undefined ? undefined : 'true'}
        aria-describedby={problem === undefined ? undefined : `${id}-problem`}
        onInput={(event) => {
          const typed = event.currentTarget.value;
          setText(typed);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => settle(typed.trim()), settleMs);
        }}
      />
      {problem !== undefined && (
        <p id={`${id}-problem`} class="field-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function TypeFilter({
  value = '',
  onChange,
}: {
  value: string | undefined;
  onChange: (type: string) => void;
}) {
  const loaded = useTaskTypes();
  // If the types cannot be loaded, the list reports the problem, and no other type can be chosen.
  const types = loaded.status === 'there' ? loaded.value : [];
  const names = new Set([...types.map(({ name }) => name), ...(value === '' ? [] : [value])]);
  return (
    <label class="field">
      <span>Type</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">All types</option>
        {[...names].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Shows a time in the viewer's time zone; the address has the instant. */
function TimeFilter({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (at: string | undefined) => void;
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="datetime-local"
        value={value === undefined ? '' : localTime(value)}
        onChange={(event) => {
          const at = new Date(event.currentTarget.value);
          onChange(Number.isNaN(at.getTime()) ? undefined : at.toISOString());
        }}
      />
    </label>
  );
}

function localTime(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
