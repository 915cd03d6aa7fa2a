import { signal } from "@preact/signals";
import type { SessionDocument } from "edgeframe-client";

/** A session that this browser has used. */
export interface Recent {
  id: string;
  filename: string;
  rows: number;
  columns: number;
  /** Milliseconds since 1970. */
  expires: number;
  /** The token of the session, if it came with one. */
  token?: string;
}

const stored = "edgeframe.recent";
const kept = 20;

const read = (): Recent[] => {
  try {
    const list = JSON.parse(localStorage.getItem(stored) ?? "[]");
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
};

export const recent = signal<Recent[]>(read());

const write = (list: Recent[]) => {
  recent.value = list.slice(0, kept);
  localStorage.setItem(stored, JSON.stringify(recent.value));
};

const tokenOf = (document: SessionDocument): string | undefined => (document as { token?: string }).token;

export const tokenFor = (id: string): string | undefined => recent.value.find((one) => one.id === id)?.token;

/** Milliseconds until a session is gone, by the clock of the server. */
export const left = (document: SessionDocument) => document.expires_in_seconds * 1000;

/** Puts a session first, or only brings up to date what is known of it. */
export const remember = (document: SessionDocument, { first = true, token = tokenOf(document) }: { first?: boolean; token?: string | undefined } = {}) => {
  const known = recent.value.find((one) => one.id === document.session_id);
  const own = token ?? known?.token;
  const entry: Recent = {
    id: document.session_id,
    filename: document.filename,
    rows: document.shape[0]!,
    columns: document.shape[1]!,
    expires: Date.now() + left(document),
    ...(own && { token: own }),
  };
  const others = recent.value.filter((one) => one.id !== entry.id);
  write(first || !known ? [entry, ...others] : recent.value.map((one) => (one.id === entry.id ? entry : one)));
};

export const markGone = (id: string) =>
  write(recent.value.map((one) => (one.id === id ? { ...one, expires: Math.min(one.expires, Date.now()) } : one)));

export const forget = (id: string) => write(recent.value.filter((one) => one.id !== id));
