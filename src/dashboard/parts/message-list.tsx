import { useDashboard } from '../dashboard.ts';
import { Icon } from './icons.tsx';

export function MessageList() {
  const { messages } = useDashboard();
  return (
    <div class="messages" role="log" aria-label="Messages">
      {messages.shown.value.map(({ id, kind, text }) => (
        <div key={id} class={`message message-${kind}`}>
          <Icon name={kind === 'done' ? 'check' : 'warning'} />
          <span>{text}</span>
          <button type="button" class="icon-button" aria-label="Close" onClick={() => messages.close(id)}>
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}
