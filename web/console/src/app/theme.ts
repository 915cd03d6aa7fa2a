import { signal } from "@preact/signals";

type Theme = "auto" | "light" | "dark";
const stored = "edgeframe.theme";

export const theme = signal<Theme>((localStorage.getItem(stored) as Theme | null) ?? "auto");

export const applyTheme = () => {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
};

export const dark = () => theme.value === "dark" || (theme.value === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);

export const switchTheme = () => {
  theme.value = dark() ? "light" : "dark";
  localStorage.setItem(stored, theme.value);
  applyTheme();
};
