import { signal } from "@preact/signals";
import type { Schemas } from "edgeframe-client";
import type { Model } from "./model.ts";

type Page = Schemas["Missing"];

const limit = 100_000;
/** How many marks the page keeps, at most. */
const most = 1_000_000;

/** The rows of the marks of each column, ascending. */
type Known = Map<string, number[]>;

/** The cells that are missing on purpose, in the version that is looked at. */
export class Marks {
  /** What is known changes with this. */
  readonly known = signal<Known>(new Map());
  readonly #model: Model;
  #version = 0;

  constructor(model: Model) {
    this.#model = model;
  }

  /** Reads the marks of the version that is looked at, unless they are there. Those of before stay until then. */
  look() {
    const { past, document, version } = this.#model;
    if (version.value === this.#version) return;
    this.#version = version.value;
    const any = past.value || Object.keys(document.value?.intentional_missing ?? {}).length > 0;
    if (!any) return void (this.known.value = new Map());
    void this.#read(version.value).then(
      (known) => this.#version === version.value && (this.known.value = known),
      () => (this.#version = 0), // it is asked again with the next picture
    );
  }

  has(row: number | undefined, column: string): boolean {
    const rows = row === undefined ? undefined : this.known.value.get(column);
    if (!rows) return false;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle]! < row!) low = middle + 1;
      else high = middle;
    }
    return rows[low] === row;
  }

  /** The rows of the marks of a column, as they are on the server. */
  async all(column: string): Promise<number[]> {
    return (await this.#read(this.#model.version.value, column)).get(column) ?? [];
  }

  async #read(version: number, column?: string): Promise<Known> {
    const known: Known = new Map();
    for (let offset = 0, total = 1; offset < Math.min(total, most); ) {
      const page = await this.#model.session.request<Page>("GET", "/missing", { query: { version, column, offset, limit, touch: false } });
      for (const [name, rows] of Object.entries(page.intentional_missing)) {
        const before = known.get(name);
        known.set(name, before ? before.concat(rows) : rows);
      }
      total = page.total;
      offset += Math.max(1, page.returned);
    }
    return known;
  }
}
