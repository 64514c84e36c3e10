import type { FieldError } from '../../client/index.ts';
import { FieldGroup, LabelledField } from './field.tsx';
import type { ErrorsAt } from './part-props.ts';
import { otherLook, type Payload, payloadPointer } from './payload.ts';
import type { Field } from './schema.ts';
import { SchemaForm } from './schema-form.tsx';

export interface PayloadFieldProps {
  field: Field;
  payload: Payload;
  errorsAt: ErrorsAt;
  onChange: (payload: Payload, at: string) => void;
  /** It cannot be shown in its other look yet. */
  onRefused: (errors: readonly FieldError[]) => void;
}

/** What the task is given: in the form of its type, or as JSON. */
export function PayloadField(props: PayloadFieldProps) {
  const { field, payload, errorsAt, onChange, onRefused } = props;
  // As JSON, the errors stand beside the text.
  const isForm = payload.mode === 'form' && payload.draft.kind !== 'json';
  const hasOtherLook = payload.mode === 'json' || isForm;
  const toggle = (): void => {
    const other = otherLook(field, payload);
    if ('errors' in other) onRefused(other.errors);
    else onChange(other, payloadPointer);
  };
  return (
    <FieldGroup label="Payload" hint={field.hint} errors={isForm ? errorsAt(payloadPointer) : []}>
      {hasOtherLook && (
        <button
          type="button"
          class="small choice json-toggle"
          aria-pressed={payload.mode === 'json'}
          onClick={toggle}
        >
          As JSON
        </button>
      )}
      <Look {...props} />
    </FieldGroup>
  );
}

function Look({ field, payload, errorsAt, onChange }: PayloadFieldProps) {
  if (payload.mode === 'form') {
    return (
      <SchemaForm
        field={{ ...field, label: 'The whole payload', hint: '', isRequired: false }}
        draft={payload.draft}
        pointer={payloadPointer}
        errorsAt={errorsAt}
        onChange={(draft, at) => onChange({ mode: 'form', draft }, at)}
      />
    );
  }
  return (
    <LabelledField label="The whole payload" errors={errorsAt(payloadPointer)}>
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
