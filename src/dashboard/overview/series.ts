/** What the pictures of numbers of tasks have in common. */
import uPlot from 'uplot';
import type { Colour } from './plot.tsx';

const barPaths = uPlot.paths.bars?.({ size: [0.72, 48], align: 1, radius: 0.08 });

/** A bar for each place. @param name of its colour in the style sheet. */
export function bars(colour: Colour, name: string): uPlot.Series {
  return {
    fill: colour(`plot-${name}`),
    width: 0,
    points: { show: false },
    ...(barPaths ? { paths: barPaths } : {}),
  };
}

/** From nothing to at least four, so that one task is no tower. */
export const wholeNumbers: uPlot.Scale = {
  range: (_plot, _least, most) => [0, Math.max(4, Math.ceil(most * 1.1))],
};
