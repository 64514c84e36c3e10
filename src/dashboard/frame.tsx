/** The header and the banners around every page. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useDashboard, useWork } from './dashboard.ts';
import { explain } from './page-messages.ts';
import { Icon } from './parts/icons.tsx';
import { placeOf } from './router.ts';
import type { ThemeName } from './theme.ts';

export function Frame({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to content
      </a>
      <header class="top">
        <div class="top-inner">
          <a class="brand" href="/">
            <Icon name="bell" />
            <span>Taskbell</span>
          </a>
          <Navigation />
          <LiveSign />
          <AccountMenu />
        </div>
      </header>
      <ConnectionBanner />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function Navigation() {
  const { router } = useDashboard();
  const { page } = placeOf(router.url.value);
  const current = (on: boolean) => (on ? 'page' : undefined);
  return (
    <nav aria-label="Main">
      <a href="/" aria-current={current(page === 'overview')}>
        Overview
      </a>
      <a href="/tasks" aria-current={current(page === 'tasks' || page === 'task')}>
        Tasks
      </a>
      <a href="/tasks/new" aria-current={current(page === 'new-task')} class="nav-new">
        <Icon name="plus" />
        <span>New task</span>
      </a>
    </nav>
  );
}

function LiveSign() {
  const { connection } = useWork().live;
  const words = { connecting: 'Connecting', open: 'Live', lost: 'Offline' } as const;
  return (
    <span class={`live live-${connection.value}`} title="Status of live updates">
      <span class="live-word">{words[connection.value]}</span>
    </span>
  );
}

function ConnectionBanner() {
  const { live } = useWork();
  const isLost = live.connection.value === 'lost';
  const isBlind = live.temporal.value === 'unreachable';
  // Always rendered, so that screen readers announce what appears in it.
  return (
    <div role="status" class="banners">
      {isLost && (
        <div class="banner">
          <Icon name="warning" />
          <span>Connection lost. This page may be out of date. Reconnecting…</span>
          <button type="button" class="small" onClick={() => live.reconnect()}>
            Reconnect now
          </button>
        </div>
      )}
      {!isLost && isBlind && (
        <div class="banner">
          <Icon name="warning" />
          <span>Taskbell cannot reach Temporal. Tasks are kept and continue when it is back.</span>
        </div>
      )}
    </div>
  );
}

function AccountMenu() {
  const { session, messages } = useDashboard();
  const { account } = useWork();
  const signOut = (): void => {
    session.signOut().catch((error: unknown) => messages.failed(explain(error)));
  };
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const closeOutside = ({ target }: Event): void => {
      if (menu.current && target instanceof Node && !menu.current.contains(target)) menu.current.open = false;
    };
    document.addEventListener('pointerdown', closeOutside);
    return () => document.removeEventListener('pointerdown', closeOutside);
  }, []);
  return (
    <details ref={menu} class="menu" onKeyDown={closeOnEscape} onFocusOut={closeWhenLeft}>
      <summary>
        <Icon name="person" />
        <span class="menu-name">{account.name}</span>
      </summary>
      <div class="menu-body">
        <p>
          Signed in as <strong>{account.name}</strong>
          {account.role === 'admin' && ' (sees everyone’s tasks)'}
        </p>
        <ThemeChoice />
        <a href="/docs">API documentation</a>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      </div>
    </details>
  );
}

function closeOnEscape(event: KeyboardEvent & { currentTarget: HTMLDetailsElement }): void {
  if (event.key !== 'Escape') return;
  event.currentTarget.open = false;
  event.currentTarget.querySelector('summary')?.focus();
}

function closeWhenLeft(event: FocusEvent & { currentTarget: HTMLDetailsElement }): void {
  const to = event.relatedTarget;
  if (to instanceof Node && !event.currentTarget.contains(to)) event.currentTarget.open = false;
}

const themes: readonly (readonly [ThemeName, string])[] = [
  ['system', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

function ThemeChoice() {
  const { theme } = useDashboard();
  return (
    <label class="field">
      <span>Theme</span>
      <select
        value={theme.name.value}
        onChange={(event) => {
          theme.name.value = themes.find(([name]) => name === event.currentTarget.value)?.[0] ?? 'system';
        }}
      >
        {themes.map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
