import { useLayoutEffect, useRef } from 'preact/hooks';
import { withoutTerminalCodes } from '../format.ts';

/** Tolerance in pixels for "scrolled to the end": for rounding, and for a reader who has almost reached it. */
const nearEndPx = 8;

/** Shows the lines that an attempt has logged. Stays scrolled to the end while the reader is there. */
export function Log({
  lines,
  label,
  isRunning,
}: {
  lines: readonly string[];
  label: string;
  isRunning: boolean;
}) {
  const element = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  const text = withoutTerminalCodes(lines.join('\n'));
  useLayoutEffect(() => {
    const { current } = element;
    if (current && isAtEnd.current) current.scrollTop = current.scrollHeight;
  }, [text]);
  if (lines.length === 0) {
    return <p class="quiet">{isRunning ? 'No log output yet.' : 'No log output.'}</p>;
  }
  return (
    <pre
      ref={element}
      class="log"
      tabIndex={0}
      role="region"
      aria-label={label}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < nearEndPx;
      }}
    >
      {text}
    </pre>
  );
}
