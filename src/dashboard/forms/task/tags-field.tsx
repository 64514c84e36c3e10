import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icons.tsx';
import { LabelledField } from '../field.tsx';

/** An input for tags. A comma, Enter or leaving the field adds what has been typed. */
export function TagsField({
  tags,
  errors,
  onChange,
}: {
  tags: readonly string[];
  errors: readonly string[];
  onChange: (tags: readonly string[]) => void;
}) {
  const [text, setText] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const take = (written: string): void => {
    const added = written.split(/[\s,]+/).filter((tag) => tag !== '');
    setText('');
    if (added.length > 0) onChange([...new Set([...tags, ...added])]);
  };
  return (
    <LabelledField label="Tags" hint="Separate tags with a comma or Enter" errors={errors}>
      {(tied) => (
        <div class="tags-field">
          {tags.map((tag) => (
            <span class="tag tag-chosen" key={tag}>
              {tag}
              <button
                type="button"
                class="icon-button"
                aria-label={`Remove tag ${tag}`}
                onClick={() => {
                  onChange(tags.filter((other) => other !== tag));
                  input.current?.focus();
                }}
              >
                <Icon name="cross" />
              </button>
            </span>
          ))}
          <input
            {...tied}
            ref={input}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={text}
            onBlur={() => take(text)}
            onInput={({ currentTarget: { value } }) => (value.includes(',') ? take(value) : setText(value))}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && !event.isComposing) {
                // Never submits the form, even if a comma has already added the tag and the input is empty.
                event.preventDefault();
                take(text);
              } else if (event.key === 'Backspace' && text === '') onChange(tags.slice(0, -1));
            }}
          />
        </div>
      )}
    </LabelledField>
  );
}
