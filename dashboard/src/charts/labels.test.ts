import { describe, expect, it } from "vitest";
import { type Bar, type Box, type Mark, speaking } from "./labels";

const plot = { width: 600, height: 300, spacing: 8 };
const widthOf = (words: string): number => words.length * 6;
const flat = (n: number): Bar[] => Array.from({ length: n }, (_, at) => ({ x: 4 + at * 8, top: 140, bottom: 160 }));
const mark = (bar: Bar, below: boolean, words: string): Mark => ({ x: bar.x, edge: below ? bar.bottom : bar.top, below, words });
const over = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Numbers that look like chance and are the same each time. */
function* chance(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 48_271) % 2_147_483_647;
    yield state / 2_147_483_647;
  }
}

describe("words of markers", () => {
  const bars = flat(70);
  const at = (n: number): Bar => bars[n] as Bar;

  it("are all said where markers stand apart", () => {
    const marks = [mark(at(20), true, "iron condor"), mark(at(40), false, "+$120"), mark(at(55), true, "2 opened")];
    expect([...speaking(marks, bars, plot, widthOf).keys()].sort()).toEqual([0, 1, 2]);
  });

  it("are left out where another marker stands beside, on the side that they would lie on only", () => {
    const close = [mark(at(30), true, "iron condor"), mark(at(32), true, "put credit spread")];
    expect([...speaking(close, bars, plot, widthOf).keys()]).toEqual([1]);
    const opposite = [mark(at(30), true, "iron condor"), mark(at(32), false, "+$120")];
    expect(speaking(opposite, bars, plot, widthOf).size).toBe(2);
  });

  it("are left out where they would lie on lower bars or leave the chart", () => {
    const falling = bars.map((bar, n) => ({ ...bar, top: 20 + n * 4, bottom: 40 + n * 4 }));
    expect(speaking([mark(falling[30] as Bar, true, "put credit spread")], falling, plot, widthOf).size).toBe(0);
    expect(speaking([mark(at(69), true, "put credit spread")], bars, plot, widthOf).size).toBe(0);
    expect(speaking([mark({ x: 300, top: 280, bottom: 290 }, true, "x")], [], plot, widthOf).size).toBe(0);
  });

  it("are said by the outermost of the markers of one bar only", () => {
    const marks = [mark(at(30), false, "+$120"), mark(at(30), false, "−$80 ×2")];
    expect([...speaking(marks, bars, plot, widthOf).keys()]).toEqual([1]);
  });

  it("never lie on a bar or on other words, however the market goes", () => {
    let said = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const draw = chance(seed);
      const next = (): number => draw.next().value as number;
      let middle = 150;
      const walk = bars.map((bar) => {
        middle = Math.min(250, Math.max(50, middle + (next() - 0.5) * 20));
        return { ...bar, top: middle - next() * 12, bottom: middle + next() * 12 };
      });
      const marks = walk.filter(() => next() < 0.2).map((bar) => mark(bar, next() < 0.5, "word ".repeat(1 + Math.floor(next() * 3))));
      const boxes = [...speaking(marks, walk, plot, widthOf).values()];
      said += boxes.length;
      boxes.forEach((box, n) => {
        expect(walk.some((bar) => over(box, { left: bar.x - 4, right: bar.x + 4, top: bar.top, bottom: bar.bottom }))).toBe(false);
        expect(boxes.slice(n + 1).some((other) => over(box, other))).toBe(false);
      });
    }
    expect(said).toBeGreaterThan(200);
  });
});
