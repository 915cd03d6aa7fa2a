import type { Column, Model } from "../session/model.ts";
import { hasHistogram, isBool, isText } from "../ui/types.ts";

const bins = 12;
/** How many columns are asked about at a time. */
const together = 2;
/** Larger tables have no pictures: each takes a pass over a column. */
const mostCells = 5_000_000;

/** The small pictures in the header: how the values of a column are spread. */
export class Minis {
  readonly #model: Model;
  readonly #known = new Map<string, number[]>();
  readonly #waiting = new Map<string, Column>();
  readonly #redraw: () => void;
  #version = 0;
  #running = 0;

  constructor(model: Model, redraw: () => void) {
    this.#model = model;
    this.#redraw = redraw;
  }

  /** Draws the picture of a column, or asks for it. That of the version before stays until the new one is there. */
  draw(svg: SVGSVGElement, column: Column) {
    const version = this.#model.version.value;
    const key = `${column.name}\u0000${column.dtype}`;
    const counts = this.#known.get(key);
    const stamp = counts ? counts.join() : "";
    if (svg.dataset.counts !== stamp) {
      svg.dataset.counts = stamp;
      svg.replaceChildren(...this.#bars(counts ?? []));
    }
    if (this.#version !== version) {
      this.#version = version;
      this.#waiting.clear();
      for (const old of [...this.#known.keys(), ...this.#asked]) this.#stale.add(old);
    }
    if (counts && !this.#stale.has(key)) return;
    if (this.#asked.has(key) || this.#model.rows.value > mostCells || !(hasHistogram(column.dtype) || isText(column.dtype) || isBool(column.dtype))) return;
    this.#waiting.set(key, column);
    queueMicrotask(() => this.#ask());
  }

  readonly #stale = new Set<string>();
  /** Whose answer is not there yet. */
  readonly #asked = new Set<string>();

  #bars(counts: number[]): SVGRectElement[] {
    const most = Math.max(1, ...counts);
    const width = 48 / Math.max(counts.length, 4);
    return counts.map((n, i) => {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const height = n === 0 ? 0 : Math.max(1, (n / most) * 15);
      for (const [name, value] of Object.entries({ x: i * width, y: 16 - height, width: Math.max(1, width - 1), height })) bar.setAttribute(name, value.toFixed(2));
      return bar;
    });
  }

  #ask() {
    while (this.#running < together && this.#waiting.size > 0 && !this.#model.gone.value) {
      // The latest are those that are seen now.
      const [key, column] = [...this.#waiting].at(-1)!;
      this.#waiting.delete(key);
      this.#stale.delete(key);
      this.#running++;
      this.#asked.add(key);
      this.#read(column)
        .then(
          (counts) => this.#known.set(key, counts),
          () => this.#known.set(key, this.#known.get(key) ?? []), // there is no picture
        )
        .finally(() => {
          this.#running--;
          this.#asked.delete(key);
          this.#redraw();
          this.#ask();
        });
    }
  }

  async #read({ name, dtype }: Column): Promise<number[]> {
    const of = { version: this.#model.version.value, touch: false };
    if (hasHistogram(dtype)) return (await this.#model.session.histogram(name, { bins, ...of })).counts;
    const { values, distinct } = await this.#model.session.distinct(name, { limit: 8, ...of });
    // Names and the like have as many values as rows: nothing would be seen.
    const most = values[0]?.count ?? 0;
    return distinct > values.length && most < this.#model.rows.value / 50 ? [] : values.map((one) => one.count);
  }
}
