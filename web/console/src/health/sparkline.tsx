import type { Sample } from "./poll.ts";

/** The latest samples as a line. */
export const Sparkline = ({ samples, width, height }: { samples: Sample[]; width: number; height: number }) => {
  if (samples.length < 2) return null;
  const shown = samples.slice(-40);
  const most = Math.max(1, ...shown.map((one) => one.ms ?? 0));
  const x = (i: number) => (i / (shown.length - 1)) * width;
  const points = shown.flatMap((one, i) => (one.ms === null ? [] : [`${x(i).toFixed(1)},${(height - 2 - (one.ms / most) * (height - 4)).toFixed(1)}`]));
  return (
    <svg class="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <polyline points={points.join(" ")} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" />
      {shown.map((one, i) => one.ms === null && <line key={one.at} x1={x(i)} x2={x(i)} y1="0" y2={height} class="lost" />)}
    </svg>
  );
};
