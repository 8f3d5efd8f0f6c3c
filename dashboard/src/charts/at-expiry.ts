// What legs of one expiration come to on it: straight lines between strikes, so that no model is asked.

import type { Opportunity } from "../api/documents";
import type { Payoff } from "../api/types";

const SHARES = 100;

/** The payoff of one unit of an opportunity; nothing where its legs expire on different days, or the price is unknown. */
export function payoffOf(one: Opportunity): Payoff | null {
  const spot = Number(one.because["spot"]);
  if (!(spot > 0) || new Set(one.legs.map((leg) => leg.expiration)).size > 1 || one.legs.some((leg) => !["C", "P"].includes(leg.right))) return null;
  const strikes = one.legs.map((leg) => leg.strike);
  const room = 0.06 * spot;
  const [low, high] = [Math.min(spot, ...strikes) - room, Math.max(spot, ...strikes) + room];
  const spots = [...new Set([low, high, spot, ...strikes])].sort((a, b) => a - b);
  const at = (price: number): number =>
    Math.round(
      100 * one.credit +
        100 * SHARES * one.legs.reduce((sum, leg) => sum + leg.ratio * Math.max(0, leg.right === "C" ? price - leg.strike : leg.strike - price), 0),
    );
  return {
    spots,
    at_expiry_cents: spots.map(at),
    today_cents: null,
    shifted_cents: null,
    days: 0,
    volatility_shift: 0,
    breakevens: one.breakevens,
    spot,
    max_profit_cents: one.max_profit === null ? null : Math.round(100 * one.max_profit),
    max_loss_cents: one.max_loss === null ? null : Math.round(100 * one.max_loss),
    quotes_over_model_cents: null,
  };
}
