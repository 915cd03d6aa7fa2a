import { signal } from "@preact/signals";

type Theme = "auto" | "light" | "dark";
const stored = "edgeframe.theme";

export const theme = signal<Theme>((localStorage.getItem(stored) as Theme | null) ?? "auto");

export const applyTheme = () => {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
};

const preference = matchMedia("(prefers-color-scheme: dark)");
const preferred = signal(preference.matches);
preference.addEventListener("change", () => (preferred.value = preference.matches));

export const dark = () => theme.value === "dark" || (theme.value === "auto" && preferred.value);

export const switchTheme = () => {
  theme.value = dark() ? "light" : "dark";
  localStorage.setItem(stored, theme.value);
  applyTheme();
};
