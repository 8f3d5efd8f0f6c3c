// Which markers of a chart may say something: only those whose words lie on nothing else. The rest is told on hover.

/** A marker: where it stands, at which edge of its bar, and what it would say. Pixels, from the top left. */
export interface Mark {
  x: number;
  edge: number;
  below: boolean;
  words: string;
}

/** A bar from its high to its low, in pixels. */
export interface Bar {
  x: number;
  top: number;
  bottom: number;
}

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Plot {
  width: number;
  height: number;
  /** Pixels from one bar to the next. */
  spacing: number;
}

const LINE = 13;
/** Pixels between words and whatever stands beside them. */
const AIR = 3;

const apart = (a: Box, b: Box): boolean =>
  a.right + AIR <= b.left || b.right + AIR <= a.left || a.bottom <= b.top || b.bottom <= a.top;

/** Return the number of each marker that may speak, with the box of its words; the latest are asked first. */
export function speaking(marks: readonly Mark[], bars: readonly Bar[], plot: Plot, widthOf: (words: string) => number): Map<number, Box> {
  const size = Math.min(30, Math.max(12, plot.spacing));
  const gap = Math.max(3, size / 10);
  // The library stacks what stands on one side of one bar away from it, in the order given.
  const stacked = new Map<string, number>();
  const places = marks.map((mark) => {
    const key = `${mark.x} ${mark.below}`;
    const inner = stacked.get(key) ?? 0;
    stacked.set(key, inner + 1);
    return { key, inner, near: gap + inner * (size + gap) };
  });
  const away = (mark: Mark, from: number, to: number, half: number): Box => ({
    left: mark.x - half,
    right: mark.x + half,
    top: mark.below ? mark.edge + from : mark.edge - to,
    bottom: mark.below ? mark.edge + to : mark.edge - from,
  });
  const taken: Box[] = bars.map((bar) => ({ left: bar.x - plot.spacing / 2, right: bar.x + plot.spacing / 2, top: bar.top, bottom: bar.bottom }));
  marks.forEach((mark, n) => taken.push(away(mark, places[n]?.near ?? 0, (places[n]?.near ?? 0) + size, size / 2)));
  const found = new Map<number, Box>();
  for (let n = marks.length - 1; n >= 0; n -= 1) {
    const [mark, place] = [marks[n], places[n]];
    // Words between two markers of one bar would push the outer one away: only the outermost speaks.
    if (!mark || !place || place.inner + 1 < (stacked.get(place.key) ?? 0)) continue;
    const from = place.near + size + (mark.below ? gap : 0);
    const box = away(mark, from, from + LINE, widthOf(mark.words) / 2);
    const inside = box.left >= 0 && box.right <= plot.width && box.top >= 0 && box.bottom <= plot.height;
    if (!inside || !taken.every((other) => apart(box, other))) continue;
    found.set(n, box);
    taken.push(box);
  }
  return found;
}
