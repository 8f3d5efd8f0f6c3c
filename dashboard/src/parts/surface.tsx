import { type ReactNode } from "react";
import type { Volatility } from "../api/types";
import { useNarrow } from "../state/narrow";
import { Heat } from "./heat";

/** The volatility surface as a table of colours: strikes over spot across, days down, in percent. */
export function SurfaceHeat({ view, every = 1, roomy = false }: { view: Volatility; every?: number; roomy?: boolean }): ReactNode {
  const { surface } = view;
  const step = useNarrow() ? Math.max(2, every) : every;
  const middle = surface.moneyness.findIndex((value) => Math.abs(value - 1) < 1e-9);
  const kept = surface.moneyness.map((_, n) => n).filter((n) => (n - middle) % step === 0);
  const rows = surface.days.map((_, n) => n).reverse();
  return (
    <Heat
      label={`Implied volatility of ${view.symbol} by strike and days to expiration, percent`}
      corner="DTE"
      columns={kept.map((n) => heading(surface.moneyness[n] ?? 1))}
      rows={rows.map((n) => `${surface.days[n]}d`)}
      values={rows.map((n) => kept.map((m) => surface.iv[n]?.[m] ?? null))}
      text={(value) => (100 * value).toFixed(1)}
      scale="even"
      roomy={roomy}
      sparse={kept.length > 11}
    />
  );
}

function heading(moneyness: number): string {
  const away = Math.round(1000 * (moneyness - 1)) / 10;
  return away === 0 ? "spot" : `${away > 0 ? "+" : "−"}${Math.abs(away)}%`;
}
