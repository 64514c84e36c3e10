/** A form made from a JSON Schema. Each part receives its draft, and reports changes with their pointers. */
import type { GroupDraft } from './draft.ts';
import { FieldGroup } from '../field.tsx';
import { ListInput, RowsInput } from './list-inputs.tsx';
import type { PartProps } from './part-props.ts';
import { pointerTo } from '../../../lib/pointer.ts';
import type { Field } from './schema.ts';
import { ChoiceInput, FlagInput, JsonInput, NumberInput, TextInput } from './simple-inputs.tsx';

/** The fields of a schema, without a frame around them. */
export function SchemaForm(props: PartProps) {
  const { field, draft } = props;
  if (field.kind !== 'group' || draft.kind !== 'group') return <SchemaField {...props} />;
  return <GroupFields {...props} draft={draft} fields={field.fields} />;
}

function GroupFields({
  fields,
  draft,
  pointer,
  errorsAt,
  onChange,
}: PartProps<GroupDraft> & { fields: ReadonlyMap<string, Field> }) {
  const unknown = draft.rest.map(([name]) => name);
  return (
    <div class="fields">
      {[...fields].map(([name, field]) => {
        const inner = draft.fields.get(name);
        return (
          inner && (
            <SchemaField
              key={name}
              field={field}
              draft={inner}
              pointer={pointerTo(pointer, name)}
              errorsAt={errorsAt}
              onChange={(changed, at) =>
                onChange({ ...draft, fields: new Map(draft.fields).set(name, changed) }, at)
              }
            />
          )
        );
      })}
      {fields.size === 0 && unknown.length === 0 && <p class="quiet">No fields to fill in.</p>}
      {unknown.length > 0 && <p class="quiet">Other fields (kept, editable as JSON): {unknown.join(', ')}</p>}
    </div>
  );
}

/** Chooses the input by the kind of the draft: a value that doesn't fit its field is shown as JSON. */
function SchemaField(props: PartProps) {
  const { field, draft, pointer, errorsAt } = props;
  switch (draft.kind) {
    case 'text':
      return <TextInput {...props} draft={draft} />;
    case 'number':
      return <NumberInput {...props} draft={draft} />;
    case 'flag':
      return <FlagInput {...props} draft={draft} />;
    case 'choice':
      return <ChoiceInput {...props} draft={draft} />;
    case 'json':
      return <JsonInput {...props} draft={draft} />;
    case 'rows':
      return <RowsInput {...props} draft={draft} />;
    case 'list':
      return <ListInput {...props} draft={draft} Item={SchemaField} />;
    case 'group':
      return (
        <FieldGroup {...groupLabels(field)} errors={errorsAt(pointer)}>
          <SchemaForm {...props} />
        </FieldGroup>
      );
  }
}

function groupLabels({ label, hint, isRequired }: Field) {
  return { label, hint, isRequired };
}
