import { type ReactNode } from "react";
import { day, number, percent, sentence, signed } from "../format";

const SHARES = new Set([
  "boll_pct", "credit_to_width", "iv", "iv30", "iv_breakeven", "iv_forecast", "iv_rank", "iv_percentile", "otm_pct", "rate",
  "rv10", "rv20", "rv60", "skew", "term_slope", "vrp",
]);
const NAMES: Record<string, string> = {
  dte: "Days to expiration",
  iv: "Implied volatility",
  iv30: "IV, 30 days",
  iv_rank: "IV rank",
  otm_call_pct: "Call out of the money",
  otm_pct: "Out of the money",
  otm_put_pct: "Put out of the money",
  boll_pct: "Place in the Bollinger band",
  rv10: "Realised vol, 10 d",
  rv20: "Realised vol, 20 d",
  rv60: "Realised vol, 60 d",
  rsi14: "RSI 14",
  atr14: "ATR 14",
  sma20: "Average, 20 d",
  sma50: "Average, 50 d",
  credit_to_width: "Credit to width",
  short_delta: "Delta of the short leg",
};

export function featureName(name: string): string {
  return NAMES[name] ?? sentence(name);
}

export function featureValue(name: string, value: number | string): string {
  if (typeof value === "string") return value.replace(/_/g, " ");
  if (SHARES.has(name) || name.endsWith("_pct")) return percent(value, 1);
  if (/delta/.test(name)) return signed(value, 2);
  if (name.endsWith("_day") && Number.isInteger(value) && value >= 3_652 && value < 100_000)
    return day(new Date(value * 86_400_000).toISOString().slice(0, 10), true); // days since 1970
  return Number.isInteger(value) ? String(value) : number(value);
}

/** The features at entry, by name: what the strategy saw. */
export function Because({ because }: { because: Record<string, number | string> }): ReactNode {
  const known = Object.entries(because);
  if (known.length === 0) return <p className="soft">Nothing was written down about why.</p>;
  return (
    <dl className="pairs">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{featureName(name)}</dt>
          <dd>{featureValue(name, value)}</dd>
        </div>
      ))}
    </dl>
  );
}
