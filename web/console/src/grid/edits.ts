import { computed, signal } from "@preact/signals";
import { EdgeframeError, op, type Cell } from "edgeframe-client";
import { codeOf, sentence } from "../app/api.ts";
import { announce, failed } from "../app/notices.ts";
import { failedOrAsk, needsToken } from "../app/token.tsx";
import { until } from "../app/wait.ts";
import type { Model } from "../session/model.ts";
import { sameValue } from "../ui/types.ts";

/** A cell that a person has changed, until the server has the value. */
export interface Change {
  /** The position of the row in the table. */
  row: number;
  column: string;
  before: unknown;
  value: unknown;
  state: "waiting" | "sent" | "conflict" | "refused";
  /** What somebody else has put there. */
  theirs?: unknown;
  /** Why the server refuses the value. */
  reason?: string;
}

/** An answer that takes longer is shown as a change that waits. */
const slow = 1500;

const keyOf = (row: number, column: string) => `${row}\u0000${column}`;

/** The changes of cells that the server does not have yet. They are sent one request after the other. */
export class Edits {
  readonly changes = signal<ReadonlyMap<string, Change>>(new Map());
  /** How many changes have waited for long. */
  readonly late = signal(0);
  readonly open = computed(() => [...this.changes.value.values()].filter((one) => one.state === "waiting" || one.state === "sent").length);
  readonly conflicts = computed(() => [...this.changes.value.values()].filter((one) => one.state === "conflict"));
  readonly refused = computed(() => [...this.changes.value.values()].filter((one) => one.state === "refused"));
  readonly #model: Model;
  readonly #redraw: () => void;
  readonly #saved: (changes: Change[]) => void;
  #running = false;

  /** saved is told what the server has now. */
  constructor(model: Model, redraw: () => void, saved: (changes: Change[]) => void) {
    this.#model = model;
    this.#redraw = redraw;
    this.#saved = saved;
  }

  of(row: number | undefined, column: string): Change | undefined {
    return row === undefined ? undefined : this.changes.value.get(keyOf(row, column));
  }

  #update(change: (map: Map<string, Change>) => void) {
    const map = new Map(this.changes.value);
    change(map);
    this.changes.value = map;
    this.#redraw();
  }

  /** Takes values for cells. They are sent as soon as those before are answered. */
  add(changes: Pick<Change, "row" | "column" | "before" | "value">[]) {
    this.#update((map) => {
      for (const one of changes) {
        const key = keyOf(one.row, one.column);
        const known = map.get(key);
        // A cell that was not sent yet still holds what it held before.
        const before = known?.state === "waiting" || known?.state === "refused" ? known.before : one.before;
        if (known?.state !== "sent" && sameValue(before, one.value)) map.delete(key);
        else map.set(key, { ...one, before, state: "waiting" });
      }
    });
    void this.#run();
  }

  /** Ends a conflict, or what the server has refused: the cell keeps what it holds. */
  drop(change: Change) {
    this.#update((map) => map.delete(keyOf(change.row, change.column)));
  }

  /** Waits until the server has everything that can be sent. */
  idle(): Promise<void> {
    return until(this.open, (n) => n === 0);
  }

  /** Sends again what the server has refused. */
  retry(changes: Change[]) {
    this.#update((map) => {
      for (const one of changes) if (map.get(keyOf(one.row, one.column)) === one) map.set(keyOf(one.row, one.column), { ...one, state: "waiting" });
    });
    void this.#run();
  }

  /** Ends a conflict: the value of this page replaces that of somebody else. */
  insist(change: Change) {
    this.drop(change);
    this.add([{ row: change.row, column: change.column, before: change.theirs, value: change.value }]);
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let batch = this.#next(); batch.length > 0; batch = this.#next()) await this.#send(batch);
    } finally {
      this.#running = false;
    }
  }

  #next(): Change[] {
    return [...this.changes.value.values()].filter((one) => one.state === "waiting").slice(0, 10_000);
  }

  async #send(batch: Change[]) {
    const sent = batch.map((one): Change => ({ ...one, state: "sent" }));
    this.#update((map) => sent.forEach((one) => map.set(keyOf(one.row, one.column), one)));
    const timer = setTimeout(() => {
      this.late.value = sent.length;
      announce("The server does not answer; your changes wait");
    }, slow);
    const cells = sent.map(({ row, column, value, before }) => ({ row, column, value, expect: before ?? null }) as Cell);
    try {
      await this.#model.own(async () => {
        const document = await this.#model.edits.edit([op.cells(cells)]);
        this.#saved(sent);
        this.#settle(sent, () => undefined);
        return document;
      }, true);
    } catch (error) {
      this.#fail(sent, error);
    } finally {
      clearTimeout(timer);
      this.late.value = 0;
    }
  }

  /** Removes cells that were sent, or keeps what rest returns for them. */
  #settle(sent: Change[], rest: (change: Change) => Change | undefined) {
    this.#update((map) => {
      for (const one of sent) {
        const key = keyOf(one.row, one.column);
        if (map.get(key) !== one) {
          // It was changed again meanwhile. It holds now what was sent.
          const newer = map.get(key);
          if (newer) map.set(key, { ...newer, before: one.value });
          continue;
        }
        const kept = rest(one);
        if (kept) map.set(key, kept);
        else map.delete(key);
      }
    });
  }

  #fail(sent: Change[], error: unknown) {
    const code = codeOf(error);
    if (code === "cell_changed") return this.#conflict(sent, error as EdgeframeError);
    if (code === "session_not_found") this.#model.lose();
    else if (needsToken(error)) failedOrAsk(error, () => this.retry(this.refused.peek()));
    else if (sent.length > 1) failed(error);
    const reason = sentence(error);
    announce(reason);
    this.#settle(sent, (one) => ({ ...one, state: "refused", reason }));
  }

  /** Nothing was changed. Cells that nobody else has changed are sent again. */
  #conflict(sent: Change[], { errors }: EdgeframeError) {
    const theirs = new Map(errors.map((one) => [keyOf(Number(one.row), String(one.column)), (one as { current?: unknown }).current ?? null]));
    if (!sent.some((one) => theirs.has(keyOf(one.row, one.column)))) throw new Error("the server names no cell of the edit");
    let conflicts = 0;
    this.#settle(sent, (one) => {
      const key = keyOf(one.row, one.column);
      if (!theirs.has(key)) return { ...one, state: "waiting" };
      if (sameValue(theirs.get(key), one.value)) return undefined;
      conflicts++;
      return { ...one, state: "conflict", theirs: theirs.get(key) };
    });
    if (conflicts) announce("Somebody has changed the cell meanwhile");
    void this.#model.load();
  }
}
