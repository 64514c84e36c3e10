import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useDashboard } from '../dashboard.ts';
import { useMedia } from '../parts/use-media.ts';

export type Colour = (name: string) => string;
/** Of the axes and series; called anew when the colours change. */
export type MakeOptions = (colour: Colour) => Omit<uPlot.Options, 'width' | 'height'>;

export interface PlotProps {
  readonly title: string;
  /** What the picture says in one sentence. */
  readonly summary: string;
  /** x in seconds since the epoch, then the series. */
  readonly data: uPlot.AlignedData;
  /** The same one between renderings, or the picture is made anew. */
  readonly options: MakeOptions;
  /** What the series are: the name of their style, and what they are called. */
  readonly legend?: readonly (readonly [style: string, label: string, ...unknown[]])[];
  readonly heads: readonly string[];
  /** The numbers, for whoever cannot see the picture, or points at a place in it. */
  readonly rows: readonly PlotRow[];
}

export interface PlotRow {
  readonly time: string;
  readonly cells: readonly string[];
  readonly words: string;
}

const height = 190;

/** A picture of numbers over time, which can be read as a table as well. */
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
      <div role="img" aria-label={`${title}: ${summary}`} ref={host} />
      <p class="plot-note quiet">{row ? `${row.time}: ${row.words}` : summary}</p>
      <div class="visually-hidden">
        <Table title={title} heads={heads} rows={rows} />
      </div>
    </figure>
  );
}

/** One points at a place; nothing is zoomed or selected. */
const common = {
  legend: { show: false },
  // Room for the last label, which is as wide as its words.
  padding: [10, 26, 0, 0],
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

/** A variable of the style sheet as canvases understand it. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** The axes as all pictures have them. */
export function axes(
  colour: Colour,
  timeLabel: (seconds: number) => string,
  y: Partial<uPlot.Axis> = {},
): uPlot.Axis[] {
  const common = {
    stroke: colour('quiet'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  return [
    { ...common, grid: { show: false }, space: 70, size: 30, values: (_plot, at) => at.map(timeLabel) },
    { ...common, size: 44, space: 38, ...y },
  ];
}
