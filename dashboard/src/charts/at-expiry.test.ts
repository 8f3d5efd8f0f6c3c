import { describe, expect, it } from "vitest";
import type { Opportunity } from "../api/documents";
import { payoffOf } from "./at-expiry";

const leg = (ratio: number, strike: number, right: string, expiration = "2026-09-18") => ({ ratio, strike, right, expiration });

const condor = {
  legs: [leg(-1, 791, "C"), leg(1, 796, "C"), leg(1, 729, "P"), leg(-1, 734, "P")],
  credit: 147,
  max_loss: 353,
  max_profit: 147,
  breakevens: [732.53, 792.47],
  because: { spot: 766.1 },
} as unknown as Opportunity;

describe("a payoff at expiry", () => {
  it("is the credit between the sold strikes, and the width less the credit beyond the bought ones", () => {
    const found = payoffOf(condor);
    const at = (spot: number): number | undefined => found?.at_expiry_cents[found.spots.indexOf(spot)];
    expect(at(766.1)).toBe(14_700);
    expect([at(734), at(791)]).toEqual([14_700, 14_700]);
    expect([at(729), at(796)]).toEqual([-35_300, -35_300]);
    expect(Math.min(...(found?.at_expiry_cents ?? []))).toBe(-35_300);
  });
  it("is not drawn where legs expire on different days or no price is known", () => {
    expect(payoffOf({ ...condor, legs: [leg(-1, 766, "C"), leg(1, 766, "C", "2026-10-16")] })).toBeNull();
    expect(payoffOf({ ...condor, because: {} })).toBeNull();
  });
});
