import type { Samples } from "../model/index.ts";
import { createDots } from "./chart.ts";
import type { Look } from "./look.ts";
import { paint } from "./look.ts";
import { projectTrack, trackOf } from "./series.ts";
import type { PlanePoint } from "./series.ts";

/** The most that a map may take; it takes less, to keep the shape of the route. */
export interface MapSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The route as a small map, north up, true to shape: a line of text per row and a scale below. `S` is the start, `F` the
 * finish. No lines where there is no route to draw: fewer than two points, or all of them within a few metres.
 */
export function renderRouteMap(samples: Samples, size: MapSize, look: Look): string[] {
  const plane = projectTrack(trackOf(samples));
  if (plane === null || Math.max(plane.width, plane.height) < 20) return [];
  const most = {
    columns: Math.min(size.columns, look.width),
    rows: size.rows,
  };
  if (most.columns < 4 || most.rows < 2) return [];

  // A cell is about twice as high as wide. Braille dots (2 × 4) are square then, and so are ASCII dots (1 × 2).
  const across = look.unicode ? 2 : 1;
  const down = look.unicode ? 4 : 2;
  const metresPerDot = Math.max(
    plane.width / (most.columns * across - 1),
    plane.height / (most.rows * down - 1),
  );
  const columns = Math.floor(plane.width / metresPerDot / across) + 1;
  const rows = Math.floor(plane.height / metresPerDot / down) + 1;
  const dots = createDots(columns, rows, look.unicode);
  const dotOf = (point: PlanePoint): [number, number] => [
    Math.round(point.x / metresPerDot),
    Math.round((plane.height - point.y) / metresPerDot),
  ];
  for (const part of plane.parts) {
    part.forEach((point, at) => {
      const [x, y] = dotOf(point);
      const [fromX, fromY] = dotOf(part[at - 1] ?? point);
      const steps = Math.max(Math.abs(x - fromX), Math.abs(y - fromY), 1);
      for (let step = 0; step <= steps; step++) {
        dots.set(
          Math.round(fromX + ((x - fromX) * step) / steps),
          Math.round(fromY + ((y - fromY) * step) / steps),
        );
      }
    });
  }

  const cellOf = (point: PlanePoint): string => {
    const [x, y] = dotOf(point);
    return `${Math.min(columns - 1, Math.floor(x / across))},${Math.min(rows - 1, Math.floor(y / down))}`;
  };
  const start = plane.parts[0]?.[0];
  const finish = plane.parts.at(-1)?.at(-1);
  const marks = new Map<string, string>();
  if (finish !== undefined) marks.set(cellOf(finish), paint(look, "bad", "F"));
  if (start !== undefined) marks.set(cellOf(start), paint(look, "good", "S"));

  const lines = dots.lines().map((line, row) => {
    const cells = Array.from(line, (char, column) => marks.get(`${column},${row}`) ?? char);
    return cells.join("").trimEnd();
  });
  return [...lines, legend(metresPerDot * across, marks.size, look)];
}

/** `S start  F finish  |------| 500 m`: a round length that is at most a dozen columns long. */
function legend(metresPerColumn: number, marks: number, look: Look): string {
  const most = metresPerColumn * 12;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
  const columns = Math.max(2, Math.round(metres / metresPerColumn));
  const [left, dash, right] = look.unicode ? ["├", "─", "┤"] : ["|", "-", "|"];
  const scale = `${left}${dash.repeat(columns - 2)}${right} ${metres < 1000 ? `${metres} m` : `${metres / 1000} km`}`;
  const words = marks === 1 ? "S start and finish" : "S start  F finish";
  return paint(look, "dim", `${words}  ${scale}`);
}
