/** The parts around the fields that all task forms share. */
import type { ComponentChildren } from 'preact';
import type { FieldError } from '../../../client/index.ts';
import { readable } from './pointers.ts';
import type { Loaded } from '../../parts/use-loaded.ts';
import type { Filling } from './use-task-form.ts';

export function TaskFormElement({
  filling,
  onSubmit,
  children,
}: {
  filling: Filling;
  onSubmit: () => void;
  children: ComponentChildren;
}) {
  return (
    <form
      ref={filling.element}
      class="task-form"
      // The browser does not validate: the service reports errors, in one place and in one style.
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <Elsewhere errors={filling.elsewhere} />
      {children}
    </form>
  );
}

/** Shows errors that belong to no field. Always rendered, so that screen readers announce new ones. */
function Elsewhere({ errors }: { errors: readonly FieldError[] }) {
  return (
    <div role="alert">
      {errors.length > 0 && (
        <div class="problem" tabIndex={-1} data-wrong="">
          {errors.map(({ pointer, message }) => (
            <p key={pointer + message}>{pointer === '' ? message : `${readable(pointer)}: ${message}`}</p>
          ))}
        </div>
      )}
    </div>
  );
}

export function DialogFoot({
  verb,
  isBusy,
  onClose,
  takesFocus = false,
}: {
  verb: string;
  isBusy: boolean;
  onClose: () => void;
  /** Focuses the submit button when the dialog opens, for forms in which nothing has to be filled in. */
  takesFocus?: boolean;
}) {
  return (
    <div class="dialog-foot">
      <button type="button" onClick={onClose}>
        Discard
      </button>
      <button type="submit" class="primary" disabled={isBusy} data-autofocus={takesFocus ? '' : undefined}>
        {verb}
      </button>
    </div>
  );
}

export function WhenLoaded<T>({
  loaded,
  children,
}: {
  loaded: Loaded<T>;
  children: (value: T) => ComponentChildren;
}) {
  switch (loaded.status) {
    case 'loading':
      return (
        <p class="quiet" aria-busy="true">
          Loading…
        </p>
      );
    case 'failed':
      return (
        <div role="alert" class="problem">
          <p>{loaded.detail}</p>
          <button type="button" class="small" onClick={loaded.again}>
            Try again
          </button>
        </div>
      );
    case 'there':
      return <>{children(loaded.value)}</>;
  }
}
