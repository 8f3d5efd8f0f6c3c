// Dark or light: what the system prefers, until somebody switches. The choice is a cookie; nothing is stored elsewhere.

import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light";

const COOKIE = "strikewise_theme";
const listeners = new Set<() => void>();
const prefersLight = window.matchMedia("(prefers-color-scheme: light)");

function chosen(): Theme | null {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${COOKIE}=`));
  const value = found?.slice(COOKIE.length + 1);
  return value === "dark" || value === "light" ? value : null;
}

let current: Theme = chosen() ?? (prefersLight.matches ? "light" : "dark");

function put(theme: Theme): void {
  current = theme;
  document.documentElement.dataset["theme"] = theme;
  for (const listener of listeners) listener();
}

put(current);
prefersLight.addEventListener("change", () => {
  if (chosen() === null) put(prefersLight.matches ? "light" : "dark");
});

export function switchTheme(): void {
  const next: Theme = current === "dark" ? "light" : "dark";
  document.cookie = `${COOKIE}=${next}; path=/; max-age=31536000; samesite=strict`;
  put(next);
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

export interface Palette {
  ground: string;
  surface: string;
  raised: string;
  line: string;
  text: string;
  soft: string;
  gain: string;
  loss: string;
  accent: string;
  warn: string;
  violet: string;
}

/** The colours of the style sheet, for what draws on a canvas. */
export function usePalette(): Palette {
  useTheme();
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: colour("ground"),
    surface: colour("surface"),
    raised: colour("raised"),
    line: colour("line"),
    text: colour("text"),
    soft: colour("soft"),
    gain: colour("gain"),
    loss: colour("loss"),
    accent: colour("accent"),
    warn: colour("warn"),
    violet: colour("violet"),
  };
}
