import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

interface Series {
  readonly label: string;
  /** Name of a colour of `theme.css`, such as `--held`. */
  readonly colour: string;
  readonly dash?: readonly number[];
  readonly isFilled?: boolean;
  readonly values: readonly number[];
}

interface ChartProps {
  /** What it shows, for who can't see it. */
  readonly label: string;
  /** What one is, such as `a second`. */
  readonly unit: string;
  /** In seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
}

const HEIGHT = 180;

/** Seconds between two times of the axis. */
const STEPS = [1, 5, 10, 30, 60, 120, 300];

const clock = (time: number): string => new Date(time * 1000).toLocaleTimeString(undefined, { timeStyle: 'medium' });

/** Lines over time, in the colours of the stock bar. Its figures stand beside it as text: the picture adds their course. */
export function Chart({ label, unit, times, series }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const data = [times, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const element = box.current!;
    const draw = (): void => {
      chart.current?.destroy();
      chart.current = new uPlot(optionsOf(element, series), latest.current, element);
    };
    draw();
    const resized = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    // Colours are drawn, not styled: another scheme draws anew.
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', draw);
      chart.current?.destroy();
    };
  }, []);
  useEffect(() => chart.current?.setData(data), [data]);
  return (
    <figure class="chart">
      <figcaption>
        {label} <span class="soft">{unit}</span>
      </figcaption>
      <ul class="legend figures">
        {series.map(({ label: name, colour, dash, values }) => (
          <li key={name}>
            <svg width="20" height="8" aria-hidden="true">
              <line
                x1="0"
                x2="20"
                y1="4"
                y2="4"
                stroke={`var(${colour})`}
                stroke-width="3"
                stroke-dasharray={dash?.join(' ')}
              />
            </svg>
            {name} <strong>{figure(values.at(-1) ?? 0)}</strong>
          </li>
        ))}
      </ul>
      <div ref={box} class="plot" aria-hidden="true" />
    </figure>
  );
}

/** One decimal below ten, none above. */
export function figure(value: number): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

function optionsOf(element: HTMLElement, series: readonly Series[]): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour('--ink-soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, size: 32, space: 90, incrs: STEPS, values: (_, times) => times.map(clock) },
      { ...axis, size: 56 },
    ],
    series: [
      {},
      ...series.map(({ colour: name, dash, isFilled }): uPlot.Series => ({
        stroke: colour(name),
        width: 2,
        points: { show: false },
        ...(dash !== undefined && { dash: [...dash] }),
        ...(isFilled && { fill: `color-mix(in srgb, ${colour(name)} 18%, transparent)` }),
      })),
    ],
  };
}
