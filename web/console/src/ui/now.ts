import { signal } from "@preact/signals";

/** The time by this machine's clock, in milliseconds, each second. */
export const now = signal(Date.now());

setInterval(() => (now.value = Date.now()), 1000);
