import { signal } from "@preact/signals";

export type Panel = "columns" | "column" | "clean" | "timeline" | "compare" | "cell";

/** What stands beside the grid. */
export const panel = signal<Panel | undefined>(undefined);
