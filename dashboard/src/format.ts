// How numbers and instants are written: one place, so that the same thing looks the same everywhere.

const MINUS = "−";
const NONE = "–";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

type Maybe = number | null | undefined;

const known = (value: Maybe): value is number => value !== null && value !== undefined && Number.isFinite(value);

/** Dollars of an amount in cents, without a sign for what is not negative. */
export function money(amount: Maybe, exact = false): string {
  if (!known(amount)) return NONE;
  const dollars = Math.abs(amount) / 100;
  return `${amount < 0 ? MINUS : ""}$${(exact ? cents : whole).format(dollars)}`;
}

/** A profit or loss of an amount in cents: always with its sign. */
export function signedMoney(amount: Maybe, exact = false): string {
  if (!known(amount)) return NONE;
  const shown = money(Math.abs(amount), exact);
  const zero = exact ? amount === 0 : Math.abs(amount) < 50;
  return zero ? shown : `${amount < 0 ? MINUS : "+"}${shown}`;
}

export function signed(value: Maybe, digits = 1): string {
  if (!known(value)) return NONE;
  const shown = Math.abs(value).toFixed(digits);
  return Number(shown) === 0 ? shown : `${value < 0 ? MINUS : "+"}${shown}`;
}

export function number(value: Maybe, digits = 2): string {
  if (!known(value)) return NONE;
  return `${value < 0 ? MINUS : ""}${Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

export function percent(value: Maybe, digits = 0): string {
  if (!known(value)) return NONE;
  const shown = Math.abs(100 * value).toFixed(digits);
  return `${value < 0 && Number(shown) !== 0 ? MINUS : ""}${shown}%`;
}

export function signedPercent(value: Maybe, digits = 1): string {
  return known(value) ? `${signed(100 * value, digits)}%` : NONE;
}

/** A number of units as the ledger writes it, with the sign that people read. */
export function count(text: string | number): string {
  return String(text).replace(/^-/, MINUS);
}

/** The class that colours a gain or a loss; the sign says the same. */
export function tone(value: Maybe): "" | "gain" | "loss" {
  return !known(value) || value === 0 ? "" : value > 0 ? "gain" : "loss";
}

const SHORT = new Set(["api", "atr", "csrf", "dte", "iv", "otm", "rsi", "spx", "url", "vix"]);

/** A name of the program as people write it: `DTE_EXIT` is "DTE exit" in the middle of a sentence. */
export function words(name: string): string {
  const parts = name.replace(/_/g, " ").split(" ");
  return parts.map((part) => (SHORT.has(part.toLowerCase()) ? part.toUpperCase() : part.toLowerCase())).join(" ");
}

/** A contract as the ledger writes it, such as `SPY:SPY260918P00720000`, as people say it. */
export function contract(name: string): string {
  const found = /^(.+):\w+?(\d\d)(\d\d)(\d\d)([CP])(\d{8})$/.exec(name);
  if (!found) return name;
  const [, symbol, year, month, date, right, strike] = found;
  return `${symbol} ${day(`20${year}-${month}-${date}`, true)} ${Number(strike) / 1000} ${right === "P" ? "put" : "call"}`;
}

/** Legs as the journal writes them, such as `-1 SPY 2026-09-30 789C, +1 …`, the way traders say them: `Sep 30 −789C +794C`. */
export function legs(text: string): string {
  const found = text.split(", ").map((one) => /^([+-]\d+) \S+ (\d{4}-\d\d-\d\d) ([\d.]+)([CP])$/.exec(one));
  if (found.some((one) => one === null)) return text;
  let last = "";
  return found
    .map((one) => {
      const [, ratio = "", expires = "", strike = "", right = ""] = one ?? [];
      const units = Math.abs(Number(ratio));
      const said = `${ratio.startsWith("-") ? MINUS : "+"}${units > 1 ? `${units}×` : ""}${strike}${right}`;
      const head = expires === last ? "" : `${day(expires)} `;
      last = expires;
      return head + said;
    })
    .join(" ");
}

export function sentence(name: string): string {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const dayFormat = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", timeZone: "America/New_York" });
const dayYear = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", year: "numeric", timeZone: "America/New_York" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "America/New_York" });

/** A day of the calendar as it stands in the data, such as 2026-09-18. */
export function day(text: string | null | undefined, year = false): string {
  if (!text) return NONE;
  const value = new Date(text.length === 10 ? `${text}T12:00:00-05:00` : text);
  return Number.isNaN(value.getTime()) ? text : (year ? dayYear : dayFormat).format(value);
}

/** An instant by the clock of the exchange, with its year where that is not the present one: a past may be replayed. */
export function instant(text: string | null | undefined, now = new Date()): string {
  if (!text) return NONE;
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) return text;
  const written = value.getFullYear() === now.getFullYear() ? dayFormat : dayYear;
  return `${written.format(value)}, ${clock.format(value)} ET`;
}

/** Seconds since the data were taken: by the market's clock while a process runs, by the wall's where none does. */
export function ageOf(status: { running: boolean; now: string; data_as_of: string | null; data_age_seconds: number | null }): number | null {
  if (status.running || status.data_as_of === null) return status.data_age_seconds;
  return Math.max(0, (Date.parse(status.now) - Date.parse(status.data_as_of)) / 1000);
}

/** How long something is: 42 s, 5 min, 3 h, 2 days. */
export function duration(seconds: Maybe): string {
  if (!known(seconds)) return NONE;
  const amount = Math.max(0, seconds);
  if (amount < 90) return `${Math.round(amount)} s`;
  if (amount < 5400) return `${Math.round(amount / 60)} min`;
  if (amount < 36 * 3600) return `${Math.round(amount / 3600)} h`;
  return `${Math.round(amount / 86400)} days`;
}
