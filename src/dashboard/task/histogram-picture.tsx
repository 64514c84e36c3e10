import { count, plural } from '../format.ts';
import type { Histogram } from './data-result.ts';
import { shown } from './figure-text.ts';
import { edgeOf } from './histogram-edges.ts';

const height = 40;

export function HistogramPicture({ histogram, name }: { histogram: Histogram; name: string }) {
  const { from, to, counts } = histogram;
  const greatest = Math.max(...counts);
  const peak = counts.indexOf(greatest);
  const edge = (index: number): string => shown(edgeOf(histogram, index));
  const label =
    `Distribution of ${name}: ${plural(counts.length, 'range')} from ${shown(from)} to ${shown(to)}, ` +
    `most values (${count(greatest)}) from ${edge(peak)} to ${edge(peak + 1)}`;
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${counts.length} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {counts.map((value, index) => {
          // A single value must be visible beside thousands.
          const tall = value === 0 ? 0 : Math.max(1, (value / greatest) * height);
          return (
            <rect key={index} x={index + 0.06} y={height - tall} width={0.88} height={tall}>
              <title>{`${edge(index)} to ${edge(index + 1)}: ${count(value)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption aria-hidden="true">
        <span>{shown(from)}</span>
        <span>{shown(to)}</span>
      </figcaption>
    </figure>
  );
}
