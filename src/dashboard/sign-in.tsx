import { useEffect, useRef, useState } from 'preact/hooks';
import { TaskbellError } from '../client/index.ts';
import { ownCommand } from '../lib/own-command.ts';
import { useShell } from './dashboard.ts';
import { duration, sentence } from './format.ts';
import { explain } from './page-messages.ts';
import { Icon } from './parts/icons.tsx';
import { useTitle } from './parts/title.ts';

export function SignInPage() {
  useTitle('Sign in');
  const { session } = useShell();
  const state = session.state.value;
  const [failure, setFailure] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const username = useRef<HTMLInputElement>(null);
  useEffect(() => username.current?.focus(), []);
  const hint = failure ?? (state.status === 'anonymous' ? state.detail : undefined);

  async function submit(form: HTMLFormElement): Promise<void> {
    const data = new FormData(form);
    setBusy(true);
    setFailure(undefined);
    try {
      await session.signIn({ username: textOf(data, 'username'), password: textOf(data, 'password') });
    } catch (error) {
      setFailure(rejectionOf(error));
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
        <div role="alert">{hint !== undefined && <p class="problem">{hint}</p>}</div>
        <label class="field">
          <span>Username</span>
          <input
            name="username"
            ref={username}
            autocomplete="username"
            autocapitalize="none"
            required
            maxLength={150}
          />
        </label>
        <label class="field">
          <span>Password</span>
          <input name="password" type="password" autocomplete="current-password" required maxLength={1024} />
        </label>
        <button type="submit" class="primary" disabled={isBusy}>
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

/** Returns why the sign-in failed, with the time to wait if there is one. */
function rejectionOf(error: unknown): string {
  const seconds = error instanceof TaskbellError ? error.retryAfterSeconds : undefined;
  if (seconds === undefined) return explain(error);
  return `${sentence(explain(error))} You can try again in ${duration(seconds * 1000, { whole: true })}.`;
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
