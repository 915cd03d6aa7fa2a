import { batch, computed, effect, signal } from "@preact/signals";
import { op, type Condition, type Operation, type Page, type SessionDocument } from "edgeframe-client";
import { isAbort, sentence } from "../app/api.ts";
import { announce, failed } from "../app/notices.ts";
import { until } from "../app/wait.ts";
import type { Model } from "../session/model.ts";
import { plural } from "../ui/format.ts";
import { sameValue } from "../ui/types.ts";
import { Edits } from "./edits.ts";
import { conditionOf, type Filter } from "./filters.ts";
import { Rows } from "./rows.ts";

/** How many rows a form names by their positions, at most. */
const mostPositions = 1_000_000;

export interface Place {
  row: number;
  column: number;
}

export interface SortKey {
  column: string;
  descending: boolean;
}

/** A rectangle of cells; the last row and column belong to it. */
export interface Area {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/** What the grid shows of a session: which rows in which order, and where the person is. */
export class Grid {
  readonly model: Model;
  readonly edits: Edits;
  readonly filters = signal<Filter[]>([]);
  readonly sort = signal<SortKey[]>([]);
  readonly hidden = signal<ReadonlySet<string>>(new Set());
  readonly active = signal<Place>({ row: 0, column: 0 });
  readonly anchor = signal<Place>({ row: 0, column: 0 });
  /** The cell whose editor opens as soon as it is known which row it is in, and what was typed for it until then. */
  opening: { place: Place; typed: string | undefined } | undefined;
  /** The cell that is edited: where it is, the number of its row, and what it held when the editor was opened. */
  readonly editing = signal<{ place: Place; row: number; before: unknown; typed: string | undefined } | undefined>(undefined);
  readonly matched = signal(0);
  /** Why rows cannot be read. */
  readonly error = signal("");
  /** The column whose menu is open, and its button. */
  readonly menu = signal<{ column: string; anchor: Element } | undefined>(undefined);
  /** The cell whose menu is open. */
  readonly cellMenu = signal<Element | undefined>(undefined);
  readonly columns = computed(() => this.model.columns.value.filter((one) => !this.hidden.value.has(one.name)));
  readonly area = computed<Area>(() => {
    const [a, b] = [this.active.value, this.anchor.value];
    return { top: Math.min(a.row, b.row), bottom: Math.max(a.row, b.row), left: Math.min(a.column, b.column), right: Math.max(a.column, b.column) };
  });
  readonly where = computed(() => conditionOf(this.filters.value, this.model.dtypes.value));
  readonly sorting = computed(() => {
    const known = new Set(this.model.columns.value.map((one) => one.name));
    return this.sort.value.filter((one) => known.has(one.column));
  });
  rows: Rows | undefined;
  etag = "";
  /** Draws the grid again; the component sets it. */
  draw: () => void = () => undefined;
  /** Gives the keyboard to the grid; the component sets it. */
  focus: () => void = () => undefined;
  /** Brings a cell into view; the component sets it. */
  reveal: (place: Place) => void = () => undefined;
  /** Brings the first rows into view; the component sets it. */
  toTop: () => void = () => undefined;
  #target: { row: number; column: string } | undefined;
  /** Of the rows that are read now: model.moves, and whether they are of an earlier version. */
  #moves = 0;
  #past = false;
  readonly #stops: (() => void)[] = [];

  constructor(model: Model) {
    this.model = model;
    this.edits = new Edits(
      model,
      () => this.draw(),
      (changes) => changes.forEach((one) => this.rows?.put(one.row, one.column, one.value)),
    );
    this.#stops.push(effect(() => this.#look()));
  }

  close() {
    for (const stop of this.#stops) stop();
    this.rows?.stop();
  }

  /** Begins to read what is to be shown now. The session's last page stays readable when the session is gone. */
  #look() {
    const { model } = this;
    const version = model.version.value;
    const columns = this.columns.value.map((one) => one.name);
    const where = this.where.value;
    const sort = this.sorting.value;
    if (!model.document.value || model.gone.value || columns.length === 0) return;
    const view = { version, columns, query: { ...(where && { where }), ...(sort.length && { sort }) } };
    const known = this.rows;
    if (known && sameValue(known.view, view)) return;
    const similar = known && sameValue(known.view.columns, columns) && sameValue(known.view.query, view.query);
    const guess = similar && where ? known.matched : model.rows.peek();
    if (!similar) known?.stop();
    // Nothing is changed in an earlier version, so where its rows are does not matter.
    const steady = this.#moves === model.moves && !model.past.value && !this.#past;
    this.#moves = model.moves;
    this.#past = !!model.past.value;
    const rows = new Rows(model.session, view, guess, similar ? known : undefined, steady, (page) => {
      if (this.rows !== rows) return;
      this.etag = page.etag;
      batch(() => {
        this.error.value = "";
        if (this.matched.value !== page.matchedRows) this.matched.value = page.matchedRows;
      });
    });
    this.rows = rows;
    this.etag = "";
    rows.load(0, 0, 1, 1).then(
      () => this.rows === rows && this.settle(similar),
      (error) => this.rows === rows && this.failed(error),
    );
    if (similar) this.draw();
  }

  /** Draws new rows, from the top if they are others than before. */
  settle(similar: boolean | undefined) {
    const last = Math.max(0, this.matched.value - 1);
    const stay = similar ? this.active.value.row : 0;
    batch(() => {
      const at = { row: Math.min(stay, last), column: Math.min(this.active.value.column, this.columns.value.length - 1) };
      this.active.value = at;
      if (!similar) this.anchor.value = at;
    });
    this.draw();
    if (!this.#arrive() && !similar) {
      this.toTop();
      if (this.where.value) announce(`${plural(this.matched.value, "row")} of ${plural(this.model.rows.value, "row")}`);
    }
  }

  failed(error: unknown) {
    if (isAbort(error)) return;
    const { status, code } = error as { status?: number; code?: string };
    if (code === "session_not_found") return this.model.lose();
    if (code === "version_not_found") {
      void this.model.look();
      return void this.model.load();
    }
    this.error.value = sentence(error);
    if (status === 0 || (status ?? 0) >= 500) setTimeout(() => this.error.value && this.draw(), 3000);
  }

  // Places

  /** Moves to a cell. extend keeps the other corner of the selection. */
  move(row: number, column: number, extend = false) {
    const to = {
      row: Math.max(0, Math.min(row, this.matched.value - 1)),
      column: Math.max(0, Math.min(column, this.columns.value.length - 1)),
    };
    batch(() => {
      this.active.value = to;
      if (!extend) this.anchor.value = to;
    });
    this.reveal(to);
  }

  nameAt(column: number): string {
    return this.columns.value[column]?.name ?? "";
  }

  /** What a cell shows: what was typed, or what the server has. */
  shown({ row, column }: Place): unknown {
    const change = this.edits.of(this.rows?.number(row, column), this.nameAt(column));
    return change ? change.value : this.rows?.value(row, column);
  }

  // Changes

  /** Sets cells to values. The rows must be there. */
  set(cells: (Place & { value: unknown })[]) {
    const changes = cells.flatMap(({ row, column, value }) => {
      const number = this.rows?.place(row, column);
      if (number === undefined) return [];
      return [{ row: number, column: this.nameAt(column), value, before: this.rows!.value(row, column) ?? null }];
    });
    if (changes.length) this.edits.add(changes);
  }

  /** Makes an edit that depends on the positions of rows. It waits for the changes of cells. */
  async change(name: string, operations: () => Operation[] | Promise<Operation[]>, summary?: string): Promise<boolean> {
    await this.edits.idle();
    return this.model.run(name, async () => {
      const { row } = this.active.value;
      await this.rows!.load(0, row, 1, row + 1);
      const list = await operations();
      return list.length ? this.model.session.edit(list, { summary, ifMatch: this.etag || undefined }) : undefined;
    });
  }

  #steps: Promise<unknown> = Promise.resolve();

  /** Undoes or redoes a change, after those that are in progress: a key that is pressed twice means two steps. */
  step(name: string, take: () => Promise<SessionDocument> | false | undefined) {
    const { model } = this;
    this.#steps = this.#steps.then(async () => {
      await this.edits.idle();
      await until(model.busy, (busy) => !busy);
      await model.run(name, async () => (await take()) || undefined);
    });
  }

  /** The positions in the table of the selected rows. */
  async selectedRows(): Promise<number[]> {
    const { top, bottom } = this.area.value;
    await this.rows!.load(0, top, 1, bottom + 1);
    const numbers: number[] = [];
    for (let row = top; row <= bottom; row++) {
      const number = this.rows!.number(row);
      if (number !== undefined) numbers.push(number);
    }
    return numbers;
  }

  /** Marks the selected cells as missing on purpose, or removes their marks. */
  mark = (on: boolean) => {
    const { left, right } = this.area.value;
    const names = this.columns.value.slice(left, right + 1).map((one) => one.name);
    return this.change(on ? "Marking" : "Removing marks", async () => {
      const rows = await this.selectedRows();
      return names.map((name) => (on ? op.markMissing(name, rows) : op.unmarkMissing(name, rows)));
    });
  };

  /** Goes to a row of the table, as it is without filters and without another order. */
  goTo(row: number, column: string) {
    this.#target = { row, column };
    const before = this.rows;
    batch(() => {
      this.filters.value = [];
      this.sort.value = [];
      if (this.hidden.value.has(column)) this.hide(column, false);
    });
    // If other rows are read now, they are not there yet.
    if (this.rows === before) this.#arrive();
  }

  /** Goes where goTo wanted to, and returns whether it wanted to go anywhere. */
  #arrive(): boolean {
    const to = this.#target;
    this.#target = undefined;
    if (to) this.move(to.row, Math.max(0, this.columns.value.findIndex((one) => one.name === to.column)));
    return !!to;
  }

  /** The positions of rows of the table: those that are selected, all that are shown, or those in which a column has no value. */
  async positions(which: "selected" | "shown" | "missing" | "marked", column: string): Promise<number[]> {
    if (which === "selected") return this.selectedRows();
    if (which === "marked") return this.model.marks.all(column);
    const where = this.where.value;
    const missing = { column, cmp: "is_null" } as Condition;
    const wanted = which === "shown" ? where : where ? ({ and: [where, missing] } as Condition) : missing;
    if (!wanted) return Array.from({ length: this.model.rows.value }, (_, i) => i);
    const numbers: number[] = [];
    const of = { columns: [this.model.columns.value[0]!.name], where: wanted, version: this.model.version.value };
    for (let next: object | undefined = { limit: 10_000 }; next; ) {
      const page: Page<unknown> = await this.model.session.page({ ...of, ...next });
      if (page.matchedRows > mostPositions) throw new Error(`These are ${plural(page.matchedRows, "row")}; at most ${plural(mostPositions, "row")} can be changed by their positions. Filter the grid first.`);
      numbers.push(...page.rowNumbers);
      next = page.next;
    }
    return numbers;
  }

  deleteRows = () => this.change("Deleting rows", async () => [op.deleteRows(await this.selectedRows())]);

  /** Inserts an empty row above the active cell, or below. */
  insertRow = (below: boolean) =>
    this.change("Inserting a row", () => {
      const number = this.rows?.number(this.active.value.row);
      const at = number === undefined ? this.model.rows.value : number + (below ? 1 : 0);
      return [op.insertRows(at, [{}])];
    });

  // Queries

  /** Sorts by a column: ascending, descending, not at all. add keeps the other columns. */
  sortBy(column: string, add = false, descending?: boolean) {
    const known = this.sort.value.find((one) => one.column === column);
    const others = add ? this.sort.value.filter((one) => one.column !== column) : [];
    const next = descending ?? (known ? (known.descending ? undefined : true) : false);
    this.sort.value = next === undefined ? others : [...others, { column, descending: next }];
    announce(next === undefined ? "Not sorted" : `Sorted by ${column}, ${next ? "descending" : "ascending"}`);
  }

  /** Replaces the filters of a column. */
  filter(column: string, filter: Filter | undefined) {
    const others = this.filters.value.filter((one) => one.column !== column);
    this.filters.value = filter ? [...others, filter] : others;
  }

  hide(column: string, hidden: boolean) {
    const next = new Set(this.hidden.value);
    if (hidden) next.add(column);
    else next.delete(column);
    if (this.model.columns.value.length === next.size) return failed(new Error("One column has to be shown."));
    this.hidden.value = next;
  }
}
