import type { FieldError } from '../../../client/index.ts';
import { FieldGroup, LabelledField } from '../field.tsx';
import type { ErrorsAt } from '../schema/part-props.ts';
import { otherLook, type Payload, payloadPointer } from './payload.ts';
import type { Field } from '../schema/schema.ts';
import { SchemaForm } from '../schema/schema-form.tsx';

export interface PayloadFieldProps {
  field: Field;
  payload: Payload;
  errorsAt: ErrorsAt;
  onChange: (payload: Payload, at: string) => void;
  /** Called when the payload can't be shown in the other mode yet. */
  onRejected: (errors: readonly FieldError[]) => void;
}

/** The task's payload, in the form of its type or as JSON. */
export function PayloadField(props: PayloadFieldProps) {
  const { field, payload, errorsAt, onChange, onRejected } = props;
  // In JSON mode, the errors are shown beside the text.
  const isForm = payload.mode === 'form' && payload.draft.kind !== 'json';
  const hasOtherMode = payload.mode === 'json' || isForm;
  const toggle = (): void => {
    const other = otherLook(field, payload);
    if ('errors' in other) onRejected(other.errors);
    else onChange(other, payloadPointer);
  };
  return (
    <FieldGroup label="Payload" hint={field.hint} errors={isForm ? errorsAt(payloadPointer) : []}>
      {hasOtherMode && (
        <button
          type="button"
          class="small choice json-toggle"
          aria-pressed={payload.mode === 'json'}
          onClick={toggle}
        >
          Edit as JSON
        </button>
      )}
      <PayloadInputs {...props} />
    </FieldGroup>
  );
}

function PayloadInputs({ field, payload, errorsAt, onChange }: PayloadFieldProps) {
  if (payload.mode === 'form') {
    return (
      <SchemaForm
        field={{ ...field, label: 'Payload', hint: '', isRequired: false }}
        draft={payload.draft}
        pointer={payloadPointer}
        errorsAt={errorsAt}
        onChange={(draft, at) => onChange({ mode: 'form', draft }, at)}
      />
    );
  }
  return (
    <LabelledField label="Payload (JSON)" errors={errorsAt(payloadPointer)}>
      {(tied) => (
        <textarea
          {...tied}
          class="code json-text"
          spellcheck={false}
          value={payload.text}
          onInput={({ currentTarget }) =>
            onChange({ mode: 'json', text: currentTarget.value }, payloadPointer)
          }
        />
      )}
    </LabelledField>
  );
}
