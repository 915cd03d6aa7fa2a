import "uplot/dist/uPlot.min.css";
import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import type { Schemas } from "edgeframe-client";
import { dark } from "../app/theme.ts";
import { compact, compacts, count, figure } from "../ui/format.ts";

type Data = Schemas["Histogram"];

const height = 150;

/** A bound as a place on the axis. */
const place = (bound: number | string): number => (typeof bound === "number" ? bound : Date.parse(/Z|[+-]\d\d:?\d\d$/.test(bound) ? bound : `${bound}${bound.includes("T") ? "Z" : ""}`) / 1000);

/** A picture of how the values are spread, with the numbers as a table. */
export const Histogram = ({ histogram }: { histogram: Data }) => {
  const box = useRef<HTMLDivElement>(null);
  const look = dark();
  const times = typeof histogram.bounds[0] === "string";
  useEffect(() => {
    const bounds = histogram.bounds.map(place);
    if (bounds.some(Number.isNaN)) return;
    const style = getComputedStyle(box.current!);
    const probe = document.createElement("span");
    box.current!.append(probe);
    const colour = (name: string) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    const [ink, line, accent] = [colour("--soft"), colour("--line"), colour("--accent")];
    probe.remove();
    const font = `11px ${style.fontFamily}`;
    const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const middles = histogram.counts.map((_, i) => (bounds[i]! + bounds[i + 1]!) / 2);
    const chart = new uPlot(
      {
        width: box.current!.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 4, 0, 0],
        scales: { x: { time: times, range: () => [bounds[0]!, bounds.at(-1)!] }, y: { range: (_, __, most) => [0, most || 1] } },
        axes: [
          { ...axis, grid: { show: false }, size: 26, space: 56, ...(!times && { values: (_: uPlot, ticks: number[]) => compacts(ticks) }) },
          { ...axis, size: 48, space: 30, values: (_, ticks) => ticks.map((one) => (Number.isInteger(one) ? compact(one) : "")) },
        ],
        series: [{}, { fill: accent, stroke: accent, width: 0, points: { show: false }, paths: uPlot.paths.bars!({ size: [0.94, 100], gap: 0 }) }],
      },
      [middles, histogram.counts],
      box.current!,
    );
    const sizes = new ResizeObserver(([entry]) => chart.setSize({ width: entry!.contentRect.width, height }));
    sizes.observe(box.current!);
    return () => {
      sizes.disconnect();
      chart.destroy();
    };
  }, [histogram, look]);
  return (
    <figure class="histogram">
      <div ref={box} aria-hidden="true" />
      <details>
        <summary>The histogram as a table</summary>
        <table class="plain-table">
          <thead>
            <tr>
              <th class="number">from</th>
              <th class="number">to</th>
              <th class="number">values</th>
            </tr>
          </thead>
          <tbody>
            {histogram.counts.map((n, i) => (
              <tr key={i}>
                <td class="number">{figure(histogram.bounds[i])}</td>
                <td class="number">{figure(histogram.bounds[i + 1])}</td>
                <td class="number">{count(n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
};
