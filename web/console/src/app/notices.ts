import { signal } from "@preact/signals";
import { sentence } from "./api.ts";

export interface Notice {
  id: number;
  kind: "error" | "done";
  text: string;
}

/** What is shown below, until it is closed or, if it is no error, for a while. */
export const notices = signal<Notice[]>([]);

/** What screen readers are told. */
export const announced = signal("");

let last = 0;

export const announce = (text: string) => {
  announced.value = text;
};

export const close = (id: number) => {
  notices.value = notices.value.filter((one) => one.id !== id);
};

const show = (kind: Notice["kind"], text: string) => {
  const id = ++last;
  notices.value = [...notices.value.filter((one) => one.text !== text), { id, kind, text }].slice(-3);
  return id;
};

export const done = (text: string) => {
  announce(text);
  const id = show("done", text);
  setTimeout(() => close(id), 5000);
};

export const failed = (error: unknown) => {
  show("error", sentence(error));
};
