import { useRef } from 'preact/hooks';
import type { TaskType } from '../../../client/index.ts';
import { LabelledField } from '../field.tsx';
import { type Payload, payloadField, payloadForType } from './payload.ts';

/**
 * Returns a function that gives the payload for another type. What was filled in for a type is restored when
 * the user comes back to it.
 */
export function useTypeChange(
  types: readonly TaskType[],
  payload: Payload,
  now: { type: string; field: ReturnType<typeof payloadField> },
): (name: string) => Payload {
  const earlier = useRef(new Map<string, Payload>());
  return (name) => {
    earlier.current.set(now.type, payload);
    const field = payloadField(types.find((type) => type.name === name));
    return earlier.current.get(name) ?? payloadForType(now.field, payload, field);
  };
}

interface TypeFieldProps {
  types: readonly TaskType[];
  type: string;
  errors: readonly string[];
  onChange: (name: string) => void;
}

export function TypeField({ types, type, errors, onChange }: TypeFieldProps) {
  const chosen = types.find(({ name }) => name === type);
  return (
    <LabelledField
      label="Type"
      hint={chosen?.description ?? 'This service does not know this type.'}
      errors={errors}
    >
      {(tied) => (
        <select {...tied} value={type} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          {!chosen && <option value={type}>{type}</option>}
          {types.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </LabelledField>
  );
}
