import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Client, type Task, TaskbellError, type TaskType } from '../../../client/index.ts';
import { useDashboard } from '../../dashboard.ts';
import { quoted } from '../../format.ts';
import { isModified } from '../../router.ts';
import { useTitle } from '../../parts/title.ts';
import { TaskFormElement, WhenLoaded } from './form-parts.tsx';
import { OptionFields } from './option-fields.tsx';
import { payloadField } from './payload.ts';
import { createKeys, sendInTime } from './sending.ts';
import { newTask } from './task-body.ts';
import { AfterFields, PayloadPart, TextFields, WhenField } from './task-fields.tsx';
import { emptyForm, formOf, type TaskForm } from './task-form.ts';
import { TypeField, useTypeChange } from './type-field.tsx';
import { useDraft } from './use-draft.ts';
import { useLoaded } from '../../parts/use-loaded.ts';
import { useSending } from './use-sending.ts';
import { useTaskForm } from './use-task-form.ts';

/** The form can be prefilled: `?type=`, `?name=`, and `?from=ID` to copy a task except for its time. */
export function NewTaskPage() {
  useTitle('New task');
  const { router, client } = useDashboard();
  const { search, searchParams } = router.url.value;
  const [round, setRound] = useState(0);
  const loaded = useLoaded((signal) => loadBasis(client, searchParams.get('from'), signal), search);
  return (
    <section class="page form-page">
      <h1 tabIndex={-1}>New task</h1>
      <WhenLoaded loaded={loaded}>
        {(basis) => <NewTask key={`${search} ${round}`} {...basis} onStartOver={() => setRound(round + 1)} />}
      </WhenLoaded>
    </section>
  );
}

interface Basis {
  readonly types: readonly TaskType[];
  /** Task to copy. */
  readonly model: Task | undefined;
  /** Why the requested model could not be loaded. */
  readonly lack: string | undefined;
}

async function loadBasis({ tasks, taskTypes }: Client, from: string | null, signal: AbortSignal) {
  const model = from === null ? undefined : tasks.get(from, { signal }).catch(lackOf);
  const [types, found] = await Promise.all([taskTypes.list({ signal }), model]);
  const lack = typeof found === 'string' ? found : undefined;
  return { types, lack, model: typeof found === 'string' ? undefined : found };
}

/**
 * Returns a message if the task to copy doesn't exist: a new one can still be created.
 *
 * @throws all other errors.
 */
function lackOf(error: unknown): string {
  if (error instanceof TaskbellError && error.status === 404) return 'The task to copy no longer exists.';
  throw error;
}

const usualType = 'process-data';

function NewTask({ types, model, lack, onStartOver }: Basis & { onStartOver: () => void }) {
  const { router, client, clock, messages } = useDashboard();
  const asked = router.url.peek().searchParams;
  const draft = useDraft<{ readonly type: string; readonly form: TaskForm }>(router.url.peek().search);
  const [type, setType] = useState(
    () => draft.kept?.type ?? model?.type ?? asked.get('type') ?? firstType(types),
  );
  const field = useMemo(() => payloadField(types.find(({ name }) => name === type)), [types, type]);
  const filling = useTaskForm(() => {
    if (draft.kept) return draft.kept.form;
    const form = model ? formOf(field, model) : emptyForm(field);
    return { ...form, name: asked.get('name') ?? form.name };
  });
  draft.update({ type, form: filling.form });
  const { isBusy, send } = useSending(filling);
  const isShown = useIsShown();
  const [keyOf] = useState(createKeys);
  const change = useTypeChange(types, filling.form.payload, { type, field });

  function submit(): void {
    const made = newTask(field, type, filling.form);
    if ('errors' in made) {
      filling.rejectUnsent(made.errors);
      return;
    }
    send(async () => {
      const task = await sendInTime(
        made.body,
        () => clock.now.peek(),
        (body) => client.tasks.create(body, { idempotencyKey: keyOf(body) }),
      );
      draft.discard();
      messages.done(`${quoted(task.name)} was created.`);
      // A user who has opened another page in the meantime stays there.
      if (isShown()) router.go(`/tasks/${encodeURIComponent(task.id)}`);
    });
  }

  return (
    <TaskFormElement filling={filling} onSubmit={submit}>
      {draft.kept && (
        <p class="note">
          This is what you had filled in before.{' '}
          <button
            type="button"
            class="link"
            onClick={() => {
              draft.discard();
              onStartOver();
            }}
          >
            Start over
          </button>
        </p>
      )}
      {model && !draft.kept && (
        <p class="note">
          Everything except the time is copied from <bdi>{model.name}</bdi>.
        </p>
      )}
      {lack !== undefined && <p class="problem">{lack}</p>}
      <div class="card fields">
        <TypeField
          {...{ types, type }}
          errors={filling.errorsAt('/type')}
          onChange={(name) => {
            setType(name);
            filling.change({ payload: change(name) }, '/type', '/payload');
          }}
        />
        <TextFields filling={filling} />
      </div>
      <div class="card fields">
        <WhenField filling={filling} sent="created" />
      </div>
      <div class="card fields">
        {/* Keyed by type, since each input decides only once how it looks. */}
        <PayloadPart key={type} filling={filling} field={field} />
      </div>
      <details class="card more">
        <summary>More options: tags, priority, retries, limits, predecessors</summary>
        <div class="fields">
          <OptionFields filling={filling} />
          <AfterFields filling={filling} />
        </div>
      </details>
      <div class="actions form-foot">
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Creating…' : 'Create task'}
        </button>
        <a
          class="button"
          href="/tasks"
          onClick={(event) => {
            if (!isModified(event)) draft.discard();
          }}
        >
          Discard
        </a>
      </div>
    </TaskFormElement>
  );
}

/** Returns a function that returns whether the form is still shown, for code that runs after a request. */
function useIsShown(): () => boolean {
  const shown = useRef(true);
  useEffect(
    () => () => {
      shown.current = false;
    },
    [],
  );
  return () => shown.current;
}

function firstType(types: readonly TaskType[]): string {
  const usual = types.find(({ name }) => name === usualType) ?? types[0];
  return usual?.name ?? usualType;
}
