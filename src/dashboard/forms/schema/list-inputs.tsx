/** Inputs of a schema form that hold several values: lists, and rows of names and values. */
import type { ComponentType } from 'preact';
import { useId } from 'preact/hooks';
import { type Draft, type Row, toDraft } from './draft.ts';
import { FieldGroup } from '../field.tsx';
import { AddButton, RemoveButton, useGrowing } from './growing.tsx';
import { pointerTo } from '../../../lib/pointer.ts';
import type { PartProps } from './part-props.ts';

type ListDraft = Extract<Draft, { kind: 'list' }>;
type RowsDraft = Extract<Draft, { kind: 'rows' }>;

export function ListInput(props: PartProps<ListDraft> & { Item: ComponentType<PartProps> }) {
  const { field, draft, pointer, errorsAt, onChange, Item } = props;
  const growing = useGrowing(draft.items.length);
  if (field.kind !== 'list') return null;
  const { label, hint, isRequired, item } = field;
  const change = (items: readonly Draft[], at: string): void => onChange({ ...draft, items }, at);
  return (
    <FieldGroup {...{ label, hint, isRequired }} errors={errorsAt(pointer)}>
      <div class="fields" ref={growing.list}>
        {draft.items.map((inner, index) => (
          <div class="list-item" key={index}>
            <Item
              field={{ ...item, label: `${label} ${index + 1}` }}
              draft={inner}
              pointer={pointerTo(pointer, String(index))}
              errorsAt={errorsAt}
              onChange={(changed, at) => change(draft.items.with(index, changed), at)}
            />
            <RemoveButton
              name={`${label} ${index + 1}`}
              onClick={() => growing.shrink(() => change(draft.items.toSpliced(index, 1), pointer))}
            />
          </div>
        ))}
      </div>
      <AddButton
        add={growing.add}
        onClick={() => growing.grow(() => change([...draft.items, toDraft(item, undefined)], pointer))}
      />
    </FieldGroup>
  );
}

export function RowsInput({ field, draft, pointer, errorsAt, onChange }: PartProps<RowsDraft>) {
  const growing = useGrowing(draft.rows.length);
  const { label, hint, isRequired } = field;
  const change = (rows: readonly Row[], at: string): void => onChange({ ...draft, rows }, at);
  return (
    <FieldGroup {...{ label, hint, isRequired }} errors={errorsAt(pointer)}>
      <div class="fields" ref={growing.list}>
        {draft.rows.map((row, index) => (
          <RowInput
            key={index}
            row={row}
            name={`${label} ${index + 1}`}
            errors={errorsAt(pointerTo(pointer, row.name))}
            onChange={(changed) => change(draft.rows.with(index, changed), pointerTo(pointer, row.name))}
            onRemove={() => growing.shrink(() => change(draft.rows.toSpliced(index, 1), pointer))}
          />
        ))}
      </div>
      <AddButton
        add={growing.add}
        onClick={() => growing.grow(() => change([...draft.rows, { name: '', value: '' }], pointer))}
      />
    </FieldGroup>
  );
}

interface RowProps {
  row: Row;
  name: string;
  errors: readonly string[];
  onChange: (row: Row) => void;
  onRemove: () => void;
}

function RowInput({ row, name, errors, onChange, onRemove }: RowProps) {
  const id = useId();
  const isWrong = errors.length > 0;
  const tied = {
    'aria-invalid': isWrong ? ('true' as const) : undefined,
    'aria-describedby': isWrong ? `${id}-error` : undefined,
    spellcheck: false,
    autocomplete: 'off',
  } as const;
  return (
    <div>
      <div class="row-inputs">
        <label class="field">
          <span>
            Name<span class="visually-hidden"> of {name}</span>
          </span>
          <input
            {...tied}
            value={row.name}
            onInput={({ currentTarget }) => onChange({ ...row, name: currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>
            Value<span class="visually-hidden"> of {name}</span>
          </span>
          <input
            {...tied}
            value={row.value}
            onInput={({ currentTarget }) => onChange({ ...row, value: currentTarget.value })}
          />
        </label>
        <RemoveButton name={name} onClick={onRemove} />
      </div>
      {isWrong && (
        <p id={`${id}-error`} class="field-error">
          {errors.join(' ')}
        </p>
      )}
    </div>
  );
}
