/** The fields of a task, shared by all task forms. */
import { FieldGroup, LabelledField } from '../field.tsx';
import { DateTimeField } from '../date-time.tsx';
import { PayloadField } from './payload-field.tsx';
import type { Field } from '../schema/schema.ts';
import { TagsField } from './tags-field.tsx';
import type { Filling } from './use-task-form.ts';

export interface TaskPartProps {
  filling: Filling;
}

export function TextFields({ filling }: TaskPartProps) {
  return (
    <>
      <NameField filling={filling} />
      <DescriptionField filling={filling} />
    </>
  );
}

function NameField({ filling: { form, change, errorsAt } }: TaskPartProps) {
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

function DescriptionField({ filling: { form, change, errorsAt } }: TaskPartProps) {
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

/** @param isMoot whether the form can no longer be sent, so that nothing is said of when the task would run. */
export function WhenField({
  filling: { form, change, errorsAt },
  sent,
  isMoot = false,
}: TaskPartProps & { sent: string; isMoot?: boolean }) {
  return (
    <DateTimeField
      label="Scheduled time"
      sent={sent}
      isMoot={isMoot}
      value={form.when}
      errors={errorsAt('/scheduled_time')}
      onChange={(when) => change({ when }, '/scheduled_time', '/delay')}
    />
  );
}

export function PayloadPart({ filling, field }: TaskPartProps & { field: Field }) {
  return (
    <PayloadField
      field={field}
      payload={filling.form.payload}
      errorsAt={filling.errorsAt}
      onChange={(payload, at) => filling.change({ payload }, at)}
      onRejected={filling.rejectUnsent}
    />
  );
}

export function TagsPart({ filling: { form, change, errorsAt } }: TaskPartProps) {
  return (
    <TagsField tags={form.tags} errors={errorsAt('/tags')} onChange={(tags) => change({ tags }, '/tags')} />
  );
}

const priorities = ['most urgent', 'urgent', 'normal', 'less urgent', 'least urgent'];

export function PriorityField({ filling: { form, change, errorsAt } }: TaskPartProps) {
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

export function AfterFields({ filling: { form, change, errorsAt } }: TaskPartProps) {
  return (
    <FieldGroup label="Predecessors">
      <LabelledField label="Run after these tasks (IDs, one per line)" errors={errorsAt('/after')}>
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
      <LabelledField label="Required outcome" errors={errorsAt('/after_policy')}>
        {(tied) => (
          <select
            {...tied}
            class="short-select"
            value={form.after_policy}
            onChange={({ currentTarget: { value } }) =>
              change({ after_policy: value === 'any' ? 'any' : 'completed' }, '/after_policy')
            }
          >
            <option value="completed">All must complete; otherwise this task fails</option>
            <option value="any">Any outcome, including failed or cancelled</option>
          </select>
        )}
      </LabelledField>
    </FieldGroup>
  );
}
