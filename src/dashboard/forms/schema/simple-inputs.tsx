/** Inputs of a schema form that hold one value. */
import { useState } from 'preact/hooks';
import { sentence } from '../../format.ts';
import type { Draft } from './draft.ts';
import { LabelledField } from '../field.tsx';
import { type Field, isScalar, type Scalar } from './schema.ts';
import type { PartProps } from './part-props.ts';

type DraftOf<K extends Draft['kind']> = Extract<Draft, { kind: K }>;

function labels({ label, hint, isRequired }: Field, more = '') {
  const text = hint === '' || more === '' ? hint + more : `${sentence(hint)} ${more}`;
  return { label, hint: text, isRequired };
}

export function TextInput({ field, draft, pointer, errorsAt, onChange }: PartProps<DraftOf<'text'>>) {
  const text = draft.text ?? '';
  // Decided once: an input replaced by another while the user types would lose the focus.
  const [isLong] = useState((field.kind === 'text' && field.isLong) || text.includes('\n'));
  const change = (value: string): void =>
    onChange({ kind: 'text', text: value === '' ? undefined : value }, pointer);
  const shared = { placeholder: fallbackText(field), value: text, spellcheck: false };
  return (
    <LabelledField {...labels(field)} errors={errorsAt(pointer)}>
      {(tied) =>
        isLong ? (
          <textarea
            {...tied}
            {...shared}
            class="code"
            onInput={({ currentTarget }) => change(currentTarget.value)}
          />
        ) : (
          <input
            {...tied}
            {...shared}
            autocomplete="off"
            onInput={({ currentTarget }) => change(currentTarget.value)}
          />
        )
      }
    </LabelledField>
  );
}

export function NumberInput({ field, draft, pointer, errorsAt, onChange }: PartProps<DraftOf<'number'>>) {
  const [range, isWhole] = field.kind === 'number' ? [field.range, field.isWhole] : ['', false];
  return (
    <LabelledField {...labels(field, range)} errors={errorsAt(pointer)}>
      {(tied) => (
        <input
          {...tied}
          class="number-input"
          inputMode={isWhole ? 'numeric' : 'decimal'}
          autocomplete="off"
          placeholder={fallbackText(field)}
          value={draft.text}
          onInput={({ currentTarget }) => onChange({ kind: 'number', text: currentTarget.value }, pointer)}
        />
      )}
    </LabelledField>
  );
}

/** An optional flag has three states, which a checkbox can't show. */
export function FlagInput({ field, draft, pointer, errorsAt, onChange }: PartProps<DraftOf<'flag'>>) {
  if (!field.isRequired) {
    const options = [true, false].map((on) => ({ value: on, label: on ? 'Yes' : 'No' }));
    return (
      <Select
        {...{ field, pointer, errorsAt, options }}
        value={draft.on}
        onSelect={(value) => onChange({ kind: 'flag', on: value as boolean | undefined }, pointer)}
      />
    );
  }
  return (
    <LabelledField {...labels(field)} errors={errorsAt(pointer)} isRequired={false}>
      {({ required: _mayBeOff, ...tied }) => (
        <input
          {...tied}
          type="checkbox"
          checked={draft.on ?? false}
          onChange={({ currentTarget }) => onChange({ kind: 'flag', on: currentTarget.checked }, pointer)}
        />
      )}
    </LabelledField>
  );
}

export function ChoiceInput({ field, draft, pointer, errorsAt, onChange }: PartProps<DraftOf<'choice'>>) {
  const values = field.kind === 'choice' ? field.options : [];
  return (
    <Select
      {...{ field, pointer, errorsAt }}
      options={values.map((value) => ({ value, label: String(value) }))}
      value={draft.value}
      onSelect={(value) => onChange({ kind: 'choice', value }, pointer)}
    />
  );
}

interface SelectProps extends Pick<PartProps, 'field' | 'pointer' | 'errorsAt'> {
  options: readonly { readonly value: Scalar; readonly label: string }[];
  value: Scalar | undefined;
  onSelect: (value: Scalar | undefined) => void;
}

function Select({ field, pointer, errorsAt, options, value, onSelect }: SelectProps) {
  const fallback = fallbackText(field);
  const none = field.isRequired ? 'Choose…' : fallback === undefined ? 'Not set' : `Default: ${fallback}`;
  // Identified by index, since options may also be numbers, booleans and null.
  const chosen = options.findIndex((option) => option.value === value);
  return (
    <LabelledField {...labels(field)} errors={errorsAt(pointer)}>
      {(tied) => (
        <select
          {...tied}
          class="short-select"
          value={String(chosen)}
          onChange={({ currentTarget }) => onSelect(options[Number(currentTarget.value)]?.value)}
        >
          <option value="-1">{none}</option>
          {options.map(({ label }, index) => (
            <option key={label} value={String(index)}>
              {label}
            </option>
          ))}
        </select>
      )}
    </LabelledField>
  );
}

export function JsonInput({ field, draft, pointer, errorsAt, onChange }: PartProps<DraftOf<'json'>>) {
  return (
    <LabelledField {...labels(field)} label={`${field.label} (JSON)`} errors={errorsAt(pointer)}>
      {(tied) => (
        <textarea
          {...tied}
          class="code json-part"
          spellcheck={false}
          placeholder={fallbackText(field)}
          value={draft.text}
          onInput={({ currentTarget }) => onChange({ kind: 'json', text: currentTarget.value }, pointer)}
        />
      )}
    </LabelledField>
  );
}

function fallbackText({ fallback }: Field): string | undefined {
  if (fallback === undefined) return undefined;
  if (typeof fallback === 'boolean') return fallback ? 'Yes' : 'No';
  return isScalar(fallback) ? String(fallback) : JSON.stringify(fallback);
}
