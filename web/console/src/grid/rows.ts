import type { Page, Query, Session } from "edgeframe-client";

/** Rows of a block are read together, and columns too if there are many. */
const blockRows = 128;
const blockColumns = 64;
/** How many blocks are kept. */
const kept = 48;

export type Row = Record<string, unknown>;

interface Block {
  rows: Row[];
  /** The positions in the table. */
  numbers: number[];
}

export interface View {
  version: number;
  columns: string[];
  query: Pick<Query, "where" | "sort">;
}

/** The rows of a query, read in blocks as they are looked at. */
export class Rows {
  readonly view: View;
  /** How many rows the query selects, when the first block is there. */
  matched: number;
  readonly #session: Session;
  readonly #blocks = new Map<string, Promise<Block> | Block>();
  #before: Rows | undefined;
  /** Whether the rows of before are still where they were. */
  readonly #steady: boolean;
  readonly #stop = new AbortController();
  readonly #answered: (page: Page<Row>) => void;

  /** While a block is not there, that of the same place of before is shown. steady says that its rows have not moved. */
  constructor(session: Session, view: View, matched: number, before: Rows | undefined, steady: boolean, answered: (page: Page<Row>) => void) {
    this.#session = session;
    this.view = view;
    this.matched = matched;
    // One of which nothing was read yet shows the one before it.
    const empty = before && ![...before.#blocks.values()].some((block) => !(block instanceof Promise));
    this.#before = empty ? before.#before : before;
    this.#steady = steady && (!empty || before.#steady);
    before?.stop();
    this.#answered = answered;
  }

  /** Ends the requests that nobody waits for any more, and drops what only an older view has. */
  stop() {
    this.#stop.abort();
    this.#before = undefined;
  }

  #key(row: number, column: number): [string, number, number] {
    const r = Math.floor(row / blockRows);
    const c = Math.floor(column / blockColumns);
    return [`${r}:${c}`, r, c];
  }

  async #read(r: number, c: number): Promise<Block> {
    const all = this.view.columns;
    const columns = all.length > blockColumns ? all.slice(c * blockColumns, (c + 1) * blockColumns) : undefined;
    const page = await this.#session.page<Row>({
      ...this.view.query,
      ...(columns ? { columns } : { columns: all }),
      version: this.view.version,
      offset: r * blockRows,
      limit: blockRows,
      signal: this.#stop.signal,
    });
    this.matched = page.matchedRows;
    this.#answered(page);
    return { rows: page.rows, numbers: page.rowNumbers };
  }

  /** The blocks of a part of the table. */
  *#blocksOf(x0: number, y0: number, x1: number, y1: number): Generator<[string, number, number]> {
    for (let row = Math.floor(y0 / blockRows) * blockRows; row < y1; row += blockRows)
      for (let column = Math.floor(x0 / blockColumns) * blockColumns; column < Math.max(x1, 1); column += blockColumns) yield this.#key(row, column);
  }

  /** Reads a part of the table, unless it is there. It throws the first error. */
  async load(x0: number, y0: number, x1: number, y1: number): Promise<void> {
    const waiting: Promise<Block>[] = [];
    for (const [key, r, c] of this.#blocksOf(x0, y0, Math.min(x1, this.view.columns.length), y1)) {
      const known = this.#blocks.get(key);
      this.#blocks.delete(key);
      if (known) this.#blocks.set(key, known);
      if (known && !(known instanceof Promise)) continue;
      if (known) {
        waiting.push(known);
        continue;
      }
      const asked = this.#read(r, c);
      this.#blocks.set(key, asked);
      waiting.push(asked);
      asked.then(
        (block) => this.#blocks.set(key, block),
        () => this.#blocks.delete(key),
      );
    }
    for (const key of [...this.#blocks.keys()].slice(0, Math.max(0, this.#blocks.size - kept))) this.#blocks.delete(key);
    await Promise.all(waiting);
  }

  /** Whether a part of the table is there. */
  has(x0: number, y0: number, x1: number, y1: number): boolean {
    for (const [key] of this.#blocksOf(x0, y0, Math.min(x1, this.view.columns.length), y1)) {
      const known = this.#blocks.get(key);
      if (!known || known instanceof Promise) return false;
    }
    return true;
  }

  #block(row: number, column: number): Block | undefined {
    const known = this.#blocks.get(this.#key(row, column)[0]);
    return known instanceof Promise ? undefined : known;
  }

  /** The value of a cell; undefined if it is not there yet. */
  value(row: number, column: number): unknown {
    const block = this.#block(row, column);
    if (block) return block.rows[row % blockRows]?.[this.view.columns[column]!];
    return this.#before?.value(row, column);
  }

  /** The position of a row in the table, as it is shown; undefined if it is not known yet. */
  number(row: number, column = 0): number | undefined {
    const block = this.#block(row, column);
    return block ? block.numbers[row % blockRows] : this.#before?.number(row, column);
  }

  /** The position of a row in the table for a change of it: not that of a version in which rows were elsewhere. */
  place(row: number, column: number): number | undefined {
    return this.#block(row, column) || this.#steady ? this.number(row, column) : undefined;
  }

  /** The rows that are there, counted as they are shown, in their order. */
  known(): number[] {
    const rows = new Set<number>();
    for (const [key, block] of this.#blocks) {
      if (block instanceof Promise) continue;
      const first = parseInt(key) * blockRows;
      block.rows.forEach((_, i) => rows.add(first + i));
    }
    for (const row of this.#before?.known() ?? []) rows.add(row);
    return [...rows].sort((a, b) => a - b);
  }

  /** Puts a value into a cell, by the position of its row in the table, as far as the row is there. */
  put(number: number, column: string, value: unknown) {
    for (const block of this.#blocks.values()) {
      if (block instanceof Promise) continue;
      const row = block.rows[block.numbers.indexOf(number)];
      if (row && column in row) row[column] = value;
    }
  }
}
