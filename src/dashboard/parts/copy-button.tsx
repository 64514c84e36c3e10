import { useEffect, useState } from 'preact/hooks';
import { useDashboard } from '../dashboard.ts';
import { explain } from '../page-messages.ts';
import { copyText } from './copy.ts';
import { Icon } from './icons.tsx';

const shownMs = 2000;

/** @param props.text called only when the button is pressed: the text may be long. */
export function CopyButton({
  text,
  label,
  small = false,
}: {
  text: () => string;
  label: string;
  small?: boolean;
}) {
  const { messages } = useDashboard();
  const [copies, setCopies] = useState(0);
  const [isFresh, setFresh] = useState(false);
  useEffect(() => {
    if (copies === 0) return undefined;
    setFresh(true);
    const timer = setTimeout(() => setFresh(false), shownMs);
    return () => clearTimeout(timer);
  }, [copies]);

  async function copy(): Promise<void> {
    try {
      await copyText(text());
      setCopies((before) => before + 1);
    } catch (error) {
      messages.failed(`Could not copy: ${explain(error)}`);
    }
  }

  return (
    <>
      <button
        type="button"
        class={small ? 'icon-button copy-small' : 'small'}
        aria-label={isFresh ? 'Copied' : label}
        title={small ? label : undefined}
        onClick={() => void copy()}
      >
        <Icon name={isFresh ? 'check' : 'copy'} />
        {!small && <span>{isFresh ? 'Copied' : 'Copy'}</span>}
      </button>
      <span role="status" class="visually-hidden">
        {isFresh && 'Copied'}
      </span>
    </>
  );
}
