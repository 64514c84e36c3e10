import type { WriteStream } from 'node:tty';
import type { Progress, Report } from '../engine/errors.ts';

const firstAfterMs = 500;
const updateEveryMs = 500;
/** Between two lines where a line can't be rewritten. */
const lineEveryMs = 15_000;

/** Shows what is being waited for, with the time it takes. */
export interface ProgressDisplay {
  readonly report: Report;
  /** A line that stays, above what is being waited for. */
  print(line: string): void;
  /** The waiting is over: wipes it. The next report begins anew. */
  clear(): void;
}

type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'hasColors' | 'columns'>>;

/** Rewrites one line on a terminal; elsewhere, and under NO_COLOR, writes plain lines, few of them. */
export function showProgress(stream: Stream): ProgressDisplay {
  const inPlace = stream.isTTY === true && stream.hasColors?.() === true;
  let current: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  let writtenAt = 0;

  const wipe = (): void => {
    if (inPlace && writtenAt > 0) stream.write('\r\u001B[2K');
  };
  const show = (): void => {
    const now = Date.now();
    if (current === undefined || now - since < firstAfterMs) return;
    if (!inPlace && now - writtenAt < lineEveryMs) return;
    const text = format(current, now - since);
    wipe();
    stream.write(inPlace ? text.slice(0, (stream.columns ?? 80) - 1) : `${text}\n`);
    writtenAt = now;
  };
  return {
    report(progress) {
      if (progress.waitingFor !== current?.waitingFor) {
        wipe();
        since = Date.now();
        writtenAt = 0;
      }
      current = progress;
      timer ??= setInterval(show, updateEveryMs).unref();
    },
    print(line) {
      wipe();
      stream.write(`${line}\n`);
    },
    clear() {
      clearInterval(timer);
      wipe();
      timer = undefined;
      current = undefined;
      writtenAt = 0;
    },
  };
}

/** "Building the Temporal server… 1:20 (downloading modernc.org/sqlite v1.34.1)" */
function format({ waitingFor, detail }: Progress, elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `${waitingFor}… ${time}${detail === undefined ? '' : ` (${detail})`}`;
}
