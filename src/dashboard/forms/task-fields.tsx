/** The fields of a task, shared by all forms about one. */
import { FieldGroup, LabelledField } from './field.tsx';
import { DateTimeField } from './date-time.tsx';
import { PayloadField } from './payload-field.tsx';
import type { Field } from './schema.ts';
import { TagsField } from './tags-field.tsx';
import { defaults, type LimitName, numberPointer, type RetryName } from './task-form.ts';
import type { Filling } from './use-task-form.ts';

interface PartProps {
  filling: Filling;
}

export function NameField({ filling: { form, change, errorsAt } }: PartProps) {
  return (
    <LabelledField label="Name" errors={errorsAt('/name')} isRequired>
      {(tied) => (
        <input
          {...tied}
          name="name"
          autocomplete="off"
          value={form.name}
          onInput={({ currentTarget }) => change({ name: currentTarget.value }, '/name')}
        />
      )}
    </LabelledField>
  );
}

export function DescriptionField({ filling: { form, change, errorsAt } }: PartProps) {
  return (
    <LabelledField label="Description" errors={errorsAt('/description')}>
      {(tied) => (
        <textarea
          {...tied}
          class="description-input"
          value={form.description}
          onInput={({ currentTarget }) => change({ description: currentTarget.value }, '/description')}
        />
      )}
    </LabelledField>
  );
}

export function WhenField({ filling: { form, change, errorsAt }, label }: PartProps & { label: string }) {
  return (
    <DateTimeField
      label={label}
      value={form.when}
      errors={errorsAt('/scheduled_time')}
      onChange={(when) => change({ when }, '/scheduled_time', '/delay')}
    />
  );
}

export function PayloadPart({ filling, field }: PartProps & { field: Field }) {
  return (
    <PayloadField
      field={field}
      payload={filling.form.payload}
      errorsAt={filling.errorsAt}
      onChange={(payload, at) => filling.change({ payload }, at)}
      onRefused={filling.refuse}
    />
  );
}

export function TagsPart({ filling: { form, change, errorsAt } }: PartProps) {
  return (
    <TagsField tags={form.tags} errors={errorsAt('/tags')} onChange={(tags) => change({ tags }, '/tags')} />
  );
}

const priorities = ['most urgent', 'urgent', 'normal', 'can wait', 'least urgent'];

export function PriorityField({ filling: { form, change, errorsAt } }: PartProps) {
  return (
    <LabelledField label="Priority" errors={errorsAt('/priority')}>
      {(tied) => (
        <select
          {...tied}
          class="short-select"
          value={String(form.priority)}
          onChange={({ currentTarget }) => change({ priority: Number(currentTarget.value) }, '/priority')}
        >
          {priorities.map((words, index) => (
            <option key={words} value={String(index + 1)}>
              {index + 1} – {words}
            </option>
          ))}
        </select>
      )}
    </LabelledField>
  );
}

export function RetryFields({ filling }: PartProps) {
  return (
    <FieldGroup label="When an attempt fails" hint="The wait before each further try grows by the factor.">
      <div class="field-columns">
        <NumberField filling={filling} name="max_retries" label="Most retries" />
        <NumberField filling={filling} name="initial_interval" label="First wait, seconds" />
        <NumberField filling={filling} name="backoff_coefficient" label="Factor" />
        <NumberField filling={filling} name="maximum_interval" label="Longest wait, seconds" />
      </div>
    </FieldGroup>
  );
}

export function LimitFields({ filling }: PartProps) {
  return (
    <FieldGroup label="How long an attempt may take">
      <div class="field-columns">
        <NumberField filling={filling} name="soft_time_limit" label="Told to stop after, seconds" />
        <NumberField filling={filling} name="time_limit" label="Ended after, seconds" />
      </div>
    </FieldGroup>
  );
}

function NumberField({
  filling: { form, change, errorsAt },
  name,
  label,
}: PartProps & { name: RetryName | LimitName; label: string }) {
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

export function AfterFields({ filling: { form, change, errorsAt } }: PartProps) {
  return (
    <FieldGroup label="After other tasks">
      <LabelledField
        label="Ids of tasks that must have ended first"
        hint="One a line"
        errors={errorsAt('/after')}
      >
        {(tied) => (
          <textarea
            {...tied}
            class="code after-input"
            spellcheck={false}
            value={form.after}
            onInput={({ currentTarget }) => change({ after: currentTarget.value }, '/after')}
          />
        )}
      </LabelledField>
      <LabelledField label="How they must have ended" errors={errorsAt('/after_policy')}>
        {(tied) => (
          <select
            {...tied}
            class="short-select"
            value={form.after_policy}
            onChange={({ currentTarget: { value } }) =>
              change({ after_policy: value === 'any' ? 'any' : 'completed' }, '/after_policy')
            }
          >
            <option value="completed">All completed; otherwise this one fails</option>
            <option value="any">In whatever way</option>
          </select>
        )}
      </LabelledField>
    </FieldGroup>
  );
}
