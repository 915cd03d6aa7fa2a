const whole = new Intl.NumberFormat("en");
const brief = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** 3201 as 3,201. */
export const count = (n: number) => whole.format(n);

/** 1 row, 2 rows. */
export const plural = (n: number, one: string, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;

export const bytes = (n: number): string => {
  for (const unit of ["B", "KB", "MB"]) {
    if (n < 1000) return `${n < 10 && unit !== "B" ? n.toFixed(1) : Math.round(n)} ${unit}`;
    n /= 1000;
  }
  return `${n.toFixed(1)} GB`;
};

/** A time span, such as 48:12, 2 h 10 min or 3 days. */
export const span = (ms: number): string => {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return plural(Math.floor(s / 86400), "day");
};

/** How long something has been or will be, in one unit. */
export const about = (ms: number): string => {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return plural(minutes, "minute");
  const hours = Math.round(minutes / 60);
  return hours < 48 ? plural(hours, "hour") : plural(Math.round(hours / 24), "day");
};

export const clock = (at: number | string): string => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** A number in few characters, such as 200M. */
export const compact = (n: number): string => brief.format(n);

/** Numbers in few characters each. Those that would look like the one before are not written. */
export const compacts = (all: number[]): string[] => {
  const spelled = all.map(compact);
  return spelled.map((one, i) => (one === spelled[i - 1] ? "" : one));
};

/** A number of a statistic: whole if it is large, and otherwise with six digits. */
export const figure = (value: unknown): string => {
  if (typeof value !== "number") return text(value);
  const size = Math.abs(value);
  if (size < 1e21 && (Number.isInteger(value) || size >= 1e5)) return whole.format(Math.round(value));
  return String(Number(value.toPrecision(6)));
};

/** A value of a table as text. Missing values have none. */
export const text = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object") return JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}` : v));
  return String(value);
};

/** How many characters of a text are looked at for its direction: of a very long one the browser takes seconds. */
const looked = 20_000;

/** The direction of a text, as the attribute dir takes it: that of its first letter. */
export const direction = (value: string): "auto" | "ltr" | "rtl" => {
  if (value.length <= looked) return "auto";
  const letter = /\p{L}/u.exec(value.slice(0, looked))?.[0] ?? "";
  return /[\u0590-\u08ff\ufb1d-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(letter) ? "rtl" : "ltr";
};

/** The first characters of a text. */
export const short = (value: string, most: number): string => (value.length > most ? value.slice(0, most - 1) + "…" : value);

/** The time of day, and the day if it is another one. */
export const moment = (at: number | string): string => {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return today ? clock(at) : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" })}, ${clock(at)}`;
};
