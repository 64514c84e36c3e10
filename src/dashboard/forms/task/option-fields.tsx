/** The fields of a task that most tasks leave as they are. */
import { FieldGroup, LabelledField } from '../field.tsx';
import { PriorityField, TagsPart, type TaskPartProps } from './task-fields.tsx';
import { defaults, type LimitName, numberPointer, type RetryName } from './task-form.ts';

export function OptionFields({ filling }: TaskPartProps) {
  return (
    <>
      <TagsPart filling={filling} />
      <PriorityField filling={filling} />
      <RetryFields filling={filling} />
      <LimitFields filling={filling} />
    </>
  );
}

function RetryFields({ filling }: TaskPartProps) {
  return (
    <FieldGroup label="When an attempt fails" hint="Each retry multiplies the delay, up to the maximum.">
      <div class="field-columns">
        <NumberField filling={filling} name="max_retries" label="Max retries" />
        <NumberField filling={filling} name="initial_interval" label="First delay (s)" />
        <NumberField filling={filling} name="backoff_coefficient" label="Multiplier" />
        <NumberField filling={filling} name="maximum_interval" label="Max delay (s)" />
      </div>
    </FieldGroup>
  );
}

function LimitFields({ filling }: TaskPartProps) {
  return (
    <FieldGroup label="Time limits of an attempt">
      <div class="field-columns">
        <NumberField
          filling={filling}
          name="soft_time_limit"
          label="Soft limit (s): handler is asked to stop"
        />
        <NumberField filling={filling} name="time_limit" label="Hard limit (s): handler is killed" />
      </div>
    </FieldGroup>
  );
}

function NumberField({
  filling: { form, change, errorsAt },
  name,
  label,
}: TaskPartProps & { name: RetryName | LimitName; label: string }) {
  const pointer = numberPointer(name);
  return (
    <LabelledField label={label} errors={errorsAt(pointer)}>
      {(tied) => (
        <input
          {...tied}
          inputMode="decimal"
          autocomplete="off"
          placeholder={String(defaults[name])}
          value={form.numbers[name]}
          onInput={({ currentTarget }) =>
            change({ numbers: { ...form.numbers, [name]: currentTarget.value } }, pointer)
          }
        />
      )}
    </LabelledField>
  );
}
