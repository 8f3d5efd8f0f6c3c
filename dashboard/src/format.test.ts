import { describe, expect, it } from "vitest";
import { ageOf, contract, count, duration, instant, legs, money, percent, sentence, signed, signedMoney, signedPercent, tone, words } from "./format";

describe("money", () => {
  it("is dollars of cents, with a minus before the sign of the currency", () => {
    expect(money(9_697_461)).toBe("$96,975");
    expect(money(-15_600, true)).toBe("−$156.00");
  });
  it("carries its sign where it is a gain or a loss, and none where it rounds to nothing", () => {
    expect(signedMoney(29_700)).toBe("+$297");
    expect(signedMoney(-28_100)).toBe("−$281");
    expect(signedMoney(-49)).toBe("$0");
    expect(signedMoney(-49, true)).toBe("−$0.49");
  });
  it("never shows what is unknown as nothing", () => {
    for (const unknown of [null, undefined, Number.NaN]) {
      for (const write of [money, signedMoney, percent, signedPercent, signed, duration]) expect(write(unknown)).toBe("–");
      expect(tone(unknown)).toBe("");
    }
  });
});

describe("names", () => {
  it("are words, with the field's own letters kept large", () => {
    expect(words("DTE_EXIT")).toBe("DTE exit");
    expect(sentence("iv_rank_basis")).toBe("IV rank basis");
    expect(sentence("PROFIT_TARGET")).toBe("Profit target");
  });
  it("of contracts are told as people say them", () => {
    expect(contract("SPY:SPY260918P00720500")).toBe("SPY Sep 18, 2026 720.5 put");
    expect(contract("shares of SPY")).toBe("shares of SPY");
  });
});

describe("legs", () => {
  it("are told with their expiration once and typographic signs", () => {
    expect(legs("-1 SPY 2026-09-30 789C, +1 SPY 2026-09-30 794C")).toBe("Sep 30 −789C +794C");
    expect(legs("-2 SPY 2026-09-04 716P, +2 SPY 2026-10-16 716.5P")).toBe("Sep 4 −2×716P Oct 16 +2×716.5P");
    expect(legs("100 shares of SPY")).toBe("100 shares of SPY");
  });
  it("are counted with the sign that people read", () => {
    expect([count(-4), count("-4"), count("4"), count(0)]).toEqual(["−4", "−4", "4", "0"]);
  });
});

describe("the age of data", () => {
  const taken = "2026-08-20T20:00:00Z";
  it("is by the market's clock while a process runs, and by the wall's where none does", () => {
    const status = { now: "2026-08-22T20:00:00Z", data_as_of: taken, data_age_seconds: 60 };
    expect(ageOf({ ...status, running: true })).toBe(60);
    expect(ageOf({ ...status, running: false })).toBe(2 * 86_400);
    expect(ageOf({ ...status, running: false, data_as_of: null, data_age_seconds: null })).toBeNull();
  });
});

describe("instants", () => {
  it("are told by the clock of the exchange, with the year of another one", () => {
    const now = new Date("2026-11-20T12:00:00Z");
    expect(instant("2026-08-20T20:00:00Z", now)).toBe("Aug 20, 16:00 ET");
    expect(instant("2018-01-05T21:00:00Z", now)).toBe("Jan 5, 2018, 16:00 ET");
    expect(instant(null, now)).toBe("–");
  });
});

describe("durations", () => {
  it("use the unit that says most", () => {
    expect([42, 300, 7_200, 200_000].map((each) => duration(each))).toEqual(["42 s", "5 min", "2 h", "2 days"]);
  });
});
