/** A label, a hint and error messages, tied to their input. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** Props for the input itself. */
export interface Tied {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': 'true' | undefined;
  readonly required: boolean;
}

export interface FieldProps {
  label: ComponentChildren;
  hint?: ComponentChildren;
  errors?: readonly string[] | undefined;
  isRequired?: boolean;
}

export function LabelledField({
  label,
  hint,
  errors = [],
  isRequired = false,
  children,
}: FieldProps & { children: (tied: Tied) => ComponentChildren }) {
  const id = useId();
  const { describedBy, hintId, errorId } = descriptionIds(id, hint, errors);
  const tied: Tied = {
    id,
    'aria-describedby': describedBy,
    'aria-invalid': errors.length > 0 ? 'true' : undefined,
    required: isRequired,
  };
  return (
    <div class="field">
      <div class="label">
        <label for={id}>{label}</label>
        {isRequired && <RequiredMark />}
      </div>
      {hasText(hint) && (
        <p class="field-hint" id={hintId}>
          {hint}
        </p>
      )}
      {children(tied)}
      <FieldErrors id={errorId} errors={errors} />
    </div>
  );
}

/** Several inputs under one legend. */
export function FieldGroup({
  label,
  hint,
  errors = [],
  isRequired = false,
  children,
}: FieldProps & { children: ComponentChildren }) {
  const { describedBy, hintId, errorId } = descriptionIds(useId(), hint, errors);
  return (
    <fieldset class="field-group" aria-describedby={describedBy}>
      <legend>
        {label}
        {isRequired && <RequiredMark />}
      </legend>
      {hasText(hint) && (
        <p class="field-hint" id={hintId}>
          {hint}
        </p>
      )}
      <FieldErrors id={errorId} errors={errors} takesFocus />
      {children}
    </fieldset>
  );
}

function descriptionIds(id: string, hint: ComponentChildren, errors: readonly string[]) {
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`];
  const ids = [hasText(hint) ? hintId : '', errors.length > 0 ? errorId : ''].filter((part) => part !== '');
  return { describedBy: ids.length > 0 ? ids.join(' ') : undefined, hintId, errorId };
}

/** Shows error messages. `takesFocus`: they can be focused, since the field has no single input to focus. */
function FieldErrors({
  id,
  errors,
  takesFocus = false,
}: {
  id: string;
  errors: readonly string[];
  takesFocus?: boolean;
}) {
  if (errors.length === 0) return null;
  return (
    <div id={id} class="field-error" {...(takesFocus ? { tabIndex: -1, 'data-wrong': '' } : {})}>
      {errors.map((message) => (
        <p key={message}>{message}</p>
      ))}
    </div>
  );
}

function RequiredMark() {
  return (
    <span class="required-mark" aria-hidden="true">
      {' *'}
    </span>
  );
}

function hasText(content: ComponentChildren): boolean {
  return content !== undefined && content !== null && content !== '' && content !== false;
}

/** Focuses the first error in reading order, after opening the section that contains it. */
export function focusFirstWrong(form: HTMLElement | null): void {
  const wrong = form?.querySelector<HTMLElement>('[aria-invalid="true"], [data-wrong]');
  const folded = wrong?.closest('details');
  if (folded) folded.open = true;
  wrong?.focus();
  wrong?.scrollIntoView({ block: 'nearest' });
}
