import { computed, signal } from "@preact/signals";
import type { Schemas } from "edgeframe-client";
import { prompt } from "../app/api.ts";

export type Health = Schemas["StorageHealth"];

export interface Sample {
  at: number;
  /** Milliseconds until the answer; null if none came. */
  ms: number | null;
}

/** The last document, also if the server does not answer any more. */
export const health = signal<Health | undefined>(undefined);
export const reachable = signal(true);
export const samples = signal<Sample[]>([]);

const kept = 60;
const every = 10_000;

export const latest = computed(() => samples.value.at(-1)?.ms ?? null);

/** How many answers were asked for, and which of them came last. */
let asked = 0;
let answered = 0;

export const check = async () => {
  const turn = ++asked;
  const start = performance.now();
  let ms: number | null = null;
  let known: Health | undefined;
  let reached = true;
  try {
    known = await prompt.health({ signal: AbortSignal.timeout(every) });
    ms = performance.now() - start;
  } catch (error) {
    const status = (error as { status?: number }).status;
    reached = !!status && status < 500;
  }
  // An answer that was overtaken says how it was.
  if (turn < answered) return;
  answered = turn;
  if (known) health.value = known;
  reachable.value = reached;
  samples.value = [...samples.value, { at: Date.now(), ms }].slice(-kept);
};

/** Asks again and again, as long as the page is seen. */
export const poll = () => {
  void check();
  setInterval(() => document.hidden || void check(), every);
  addEventListener("online", () => void check());
};
