import type { Output } from '../lib/command.ts';
import type { Progress, ReportProgress } from '../lib/progress.ts';

const firstAfterMs = 500;
const updateEveryMs = 500;
/** Interval between two lines where a line can't be rewritten, in milliseconds. */
const lineEveryMs = 15_000;

/** Shows what the command is waiting for, and for how long it has been waiting. */
export interface ProgressDisplay {
  readonly report: ReportProgress;
  /** Prints a permanent line above the progress line. */
  print(line: string): void;
  /** Ends the waiting and wipes the progress line. The next report starts from zero. */
  clear(): void;
}

/** Rewrites one line on a terminal; elsewhere, and under NO_COLOR, writes a few plain lines. */
export function showProgress(stream: Output): ProgressDisplay {
  const inPlace = stream.isTTY === true && stream.hasColors?.() === true;
  let current: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  let writtenAt: number | undefined;

  const wipe = (): void => {
    if (inPlace && writtenAt !== undefined) stream.write('\r\u001B[2K');
  };
  const show = (): void => {
    const now = performance.now();
    if (current === undefined || now - since < firstAfterMs) return;
    if (!inPlace && writtenAt !== undefined && now - writtenAt < lineEveryMs) return;
    const text = format(current, now - since);
    wipe();
    stream.write(inPlace ? text.slice(0, (stream.columns ?? 80) - 1) : `${text}\n`);
    writtenAt = now;
  };
  return {
    report(progress) {
      if (progress.waitingFor !== current?.waitingFor) {
        wipe();
        since = performance.now();
        writtenAt = undefined;
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
      writtenAt = undefined;
    },
  };
}

/** @example `Building the Temporal server… 1:20 (downloading modernc.org/sqlite v1.34.1)` */
function format({ waitingFor, detail }: Progress, elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `${waitingFor}… ${time}${detail === undefined ? '' : ` (${detail})`}`;
}
