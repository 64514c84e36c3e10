import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useDashboard } from '../dashboard.ts';
import { useMedia } from '../parts/use-media.ts';

export type Colour = (name: string) => string;
/** Returns the options of axes and series. Called again when the colours change. */
export type MakeOptions = (colour: Colour) => Omit<uPlot.Options, 'width' | 'height'>;

export interface PlotProps {
  readonly title: string;
  /** What the chart shows, in one sentence. */
  readonly summary: string;
  /** x in seconds since the epoch, then the series. */
  readonly data: uPlot.AlignedData;
  /** Must stay the same function from one rendering to the next, or the chart is built again. */
  readonly options: MakeOptions;
  /** The style name and the label of each series. */
  readonly legend?: readonly (readonly [style: string, label: string, ...unknown[]])[];
  readonly heads: readonly string[];
  /**
   * The numbers as text: for the table for screen readers, and for the note about the point under the
   * pointer.
   */
  readonly rows: readonly PlotRow[];
}

export interface PlotRow {
  readonly time: string;
  readonly cells: readonly string[];
  readonly words: string;
}

/** Height of the drawn part, in pixels. */
const height = 190;

/** A chart of numbers over time, which screen readers can also read as a table. */
export function Plot({ title, summary, data, options, legend, heads, rows }: PlotProps) {
  const { theme } = useDashboard();
  const isDark = useMedia('(prefers-color-scheme: dark)');
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const pointedAt = useSignal<number | undefined>(undefined);
  const themeName = theme.name.value;

  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const drawn = options((name) => colourOf(element, name));
    const size = (): { width: number; height: number } => ({ width: element.clientWidth, height });
    const setCursor = ({ cursor }: uPlot): void => {
      pointedAt.value = cursor.idx ?? undefined;
    };
    const made = new uPlot(
      { ...common, ...drawn, ...size(), hooks: { setCursor: [setCursor] } },
      data,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [options, themeName, isDark]);

  useEffect(() => plot.current?.setData(data), [data]);

  const row = pointedAt.value === undefined ? undefined : rows[pointedAt.value];
  return (
    <figure class="card plot">
      <figcaption>
        <h2>{title}</h2>
        {legend && (
          <ul class="legend">
            {legend.map(([style, label]) => (
              <li key={style} class={`legend-${style}`}>
                {label}
              </li>
            ))}
          </ul>
        )}
      </figcaption>
      {/* The chart is drawn after the first paint, and must not move what is below it then. */}
      <div role="img" aria-label={`${title}: ${summary}`} ref={host} style={{ minHeight: `${height}px` }} />
      <p class="plot-note quiet">{row ? `${row.time}: ${row.words}` : summary}</p>
      <div class="visually-hidden">
        <Table title={title} heads={heads} rows={rows} />
      </div>
    </figure>
  );
}

/** The cursor only points at a place: nothing is zoomed or selected. */
const common = {
  legend: { show: false },
  cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
} as const satisfies Partial<uPlot.Options>;

function Table({ title, heads, rows }: Pick<PlotProps, 'title' | 'heads' | 'rows'>) {
  return (
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ time, cells }) => (
          <tr key={time}>
            <th scope="row">{time}</th>
            {cells.map((cell, index) => (
              <td key={index}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Resolves a CSS variable to a colour that canvases understand. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const font = '12px system-ui, sans-serif';
/** Distance between an axis and its labels, in pixels: the lowest label of one axis must not touch those of the other. */
const gap = 9;

/** Returns the axes that all charts share, and the room that their labels need, which is as wide as their texts. */
export function surroundings(
  colour: Colour,
  timeLabel: (seconds: number) => string,
  y: Partial<uPlot.Axis> = {},
): Pick<uPlot.Options, 'axes' | 'padding'> {
  const common = {
    stroke: colour('quiet'),
    font,
    gap,
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  const labels = (at: ArrayLike<number>): string[] => Array.from(at, timeLabel);
  // Labels are centred on their points: half of the first and of the last one lie beyond the axis. Cycle 0 is before
  // there are data.
  const halfLabel = ({ data }: uPlot, cycle: number): number =>
    cycle === 0 ? 0 : widest(labels(data[0])) / 2;
  return {
    axes: [
      { ...common, grid: { show: false }, space: 80, size: 34, values: (_plot, at) => labels(at) },
      {
        ...common,
        size: (plot, values, _axis, cycle) =>
          Math.max(widest(values ?? []) + 2 * gap, halfLabel(plot, cycle)),
        space: 38,
        ...y,
      },
    ],
    padding: [10, (plot, _side, _axes, cycle) => halfLabel(plot, cycle), 0, 0],
  };
}

/** Returns the width of the widest label, in pixels. */
function widest(labels: readonly string[]): number {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return 0;
  context.font = font;
  return Math.ceil(Math.max(0, ...labels.map((label) => context.measureText(label).width)));
}
