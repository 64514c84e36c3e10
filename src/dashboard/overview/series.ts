/** The parts that the bar charts share. */
import uPlot from 'uplot';
import type { Colour } from './plot.tsx';

const barPaths = uPlot.paths.bars?.({ size: [0.72, 48], radius: 0.08 });

/** Returns a series with a bar for each point. @param name of its colour in the style sheet */
export function bars(colour: Colour, name: string): uPlot.Series {
  return {
    fill: colour(`plot-${name}`),
    width: 0,
    points: { show: false },
    ...(barPaths ? { paths: barPaths } : {}),
  };
}

/** An axis with steps of 1, 2, 5, 10 and so on: no task is half. */
export const wholeSteps: Partial<uPlot.Axis> = {
  incrs: Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat(),
  space: 30,
};

/** A scale from 0 to at least 4, so that a single task doesn't fill the chart. */
export const wholeNumbers: uPlot.Scale = {
  range: (_plot, _least, most) => [0, Math.max(4, Math.ceil(most * 1.1))],
};
