import type { ReadonlySignal } from "@preact/signals";

/** Waits until the value of a signal is one that wanted accepts. */
export const until = async <T>(signal: ReadonlySignal<T>, wanted: (value: T) => boolean): Promise<void> => {
  while (!wanted(signal.value))
    await new Promise<void>((resolve) => {
      const stop = signal.subscribe((value) => wanted(value) && (resolve(), queueMicrotask(() => stop())));
    });
};
