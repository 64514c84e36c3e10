import { useEffect, useRef, useState } from 'preact/hooks';
import { TaskbellError } from '../client/index.ts';
import { ownCommand } from '../lib/own-command.ts';
import { useShell } from './dashboard.ts';
import { duration } from './format.ts';
import { explain } from './page-messages.ts';
import { Icon } from './parts/icons.tsx';
import { useTitle } from './parts/title.ts';

/** Interval of the countdown, in milliseconds: short, so that no second is skipped. */
const tickMs = 250;

export function SignInPage() {
  useTitle('Sign in');
  const { session } = useShell();
  const state = session.state.value;
  const [failure, setFailure] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const wait = useWait();
  const username = useRef<HTMLInputElement>(null);
  useEffect(() => username.current?.focus(), []);
  const hint = failure ?? (state.status === 'anonymous' ? state.detail : undefined);

  async function submit(form: HTMLFormElement): Promise<void> {
    const data = new FormData(form);
    setBusy(true);
    setFailure(undefined);
    wait.end();
    try {
      await session.signIn({ username: textOf(data, 'username'), password: textOf(data, 'password') });
    } catch (error) {
      setFailure(explain(error));
      if (error instanceof TaskbellError && error.retryAfterSeconds !== undefined)
        wait.start(error.retryAfterSeconds * 1000);
      setBusy(false);
    }
  }

  return (
    <main class="alone">
      <form
        class="card sign-in"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <p class="brand brand-large">
          <Icon name="bell" />
          <span>Taskbell</span>
        </p>
        <h1>Sign in</h1>
        <div role="alert">
          {hint !== undefined && !wait.isOver && (
            <p class="problem">
              {hint}
              {wait.ms > 0 && <span class="visually-hidden"> You can try again in {whole(wait.ms)}.</span>}
            </p>
          )}
        </div>
        {wait.leftMs > 0 && (
          // A timer: screen readers do not announce each second. The alert has said how long it is.
          <p role="timer">You can try again in {whole(wait.leftMs)}.</p>
        )}
        <div role="status">{wait.isOver && <p>You can try again now.</p>}</div>
        <label class="field">
          <span>Username</span>
          <input
            name="username"
            ref={username}
            autocomplete="username"
            autocapitalize="none"
            required
            maxLength={150}
            // The wait may be for the other name alone.
            onInput={wait.end}
          />
        </label>
        <label class="field">
          <span>Password</span>
          <input name="password" type="password" autocomplete="current-password" required maxLength={1024} />
        </label>
        <button type="submit" class="primary" disabled={isBusy || wait.leftMs > 0}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
        <p class="quiet">
          Taskbell printed a password and a sign-in link when it first started. To get another link, run{' '}
          <code>{ownCommand('users link NAME')}</code>. Each link works once.
        </p>
      </form>
    </main>
  );
}

function whole(ms: number): string {
  return duration(ms, { whole: true });
}

interface Wait {
  /** The whole wait, in milliseconds; 0 if there is none. */
  readonly ms: number;
  /** What is left of it, in milliseconds, in whole seconds. */
  readonly leftMs: number;
  readonly isOver: boolean;
  start(ms: number): void;
  end(): void;
}

/** Counts down the time for which the service rejects sign-ins. */
function useWait(): Wait {
  const [ms, setMs] = useState(0);
  const [elapsedMs, setElapsed] = useState(0);
  const started = useRef({ clock: 0, date: 0 });
  const leftMs = Math.ceil(Math.max(0, ms - elapsedMs) / 1000) * 1000;
  const isWaiting = leftMs > 0;
  useEffect(() => {
    if (!isWaiting) return undefined;
    const ticking = setInterval(() => {
      const { clock, date } = started.current;
      // In some browsers, the first stands still while the machine sleeps.
      setElapsed(Math.max(performance.now() - clock, Date.now() - date));
    }, tickMs);
    return () => clearInterval(ticking);
  }, [isWaiting]);
  return {
    ms,
    leftMs,
    isOver: ms > 0 && !isWaiting,
    start(newMs) {
      started.current = { clock: performance.now(), date: Date.now() };
      setElapsed(0);
      setMs(newMs);
    },
    end: () => setMs(0),
  };
}

/** Shown where an identity provider has the accounts: its tokens are for the API. */
export function ElsewherePage() {
  useTitle('No sign-in');
  return (
    <main class="alone">
      <section class="card">
        <h1>The dashboard has no sign-in here</h1>
        <p>
          An identity provider has this service’s accounts, and the dashboard can’t use its tokens. Send them
          to the <a href="/docs">API</a>.
        </p>
      </section>
    </main>
  );
}

export function UnreachablePage({ detail }: { detail: string }) {
  useTitle('Unreachable');
  const { session } = useShell();
  return (
    <main class="alone">
      <section class="card">
        <h1>Taskbell is not responding</h1>
        <p role="alert">{detail}</p>
        <button type="button" class="primary" onClick={() => void session.begin()}>
          Try again
        </button>
      </section>
    </main>
  );
}

function textOf(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
}
