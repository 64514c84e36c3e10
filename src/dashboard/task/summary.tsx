import type { Task } from '../../client/index.ts';
import { CopyButton } from '../parts/copy-button.tsx';

/** Summarizes a task in a line or two. */
export function Summary({ task }: { task: Task }) {
  return (
    <div class="task-summary">
      <p class="task-line">
        <code>{task.type}</code>
        <span>
          Priority {task.priority}
          {priorityWords[task.priority] ?? ''}
        </span>
        <span class="task-id">
          <code>{task.id}</code>
          <CopyButton small label="Copy ID" text={() => task.id} />
        </span>
        {task.tags.length > 0 && (
          <span class="task-tags">
            {task.tags.map((tag) => (
              <a
                key={tag}
                class="tag"
                href={`/tasks?tag=${encodeURIComponent(tag)}`}
                aria-label={`Tag ${tag}`}
              >
                {tag}
              </a>
            ))}
          </span>
        )}
      </p>
      {task.description !== '' && (
        <p class="task-description" dir="auto">
          {task.description}
        </p>
      )}
    </div>
  );
}

const priorityWords: Readonly<Record<number, string>> = { 1: ', most urgent', 5: ', least urgent' };
