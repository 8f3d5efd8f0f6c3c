// Equity over time: at mid as an area, at exit prices as a line below it.

import { AreaSeries, LineSeries, type Time, type UTCTimestamp, createChart } from "lightweight-charts";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { EquityPoint } from "../api/types";
import { instant, money, percent } from "../format";
import { usePalette } from "../theme/theme";
import { look } from "./price";

interface Point {
  time: Time;
  value: number;
}

function points(curve: readonly EquityPoint[], of: (point: EquityPoint) => number): Point[] {
  const found: Point[] = [];
  let last = -Infinity;
  for (const point of curve) {
    const time = Math.floor(new Date(point.at).getTime() / 1000);
    if (time > last) found.push({ time: time as UTCTimestamp, value: of(point) });
    last = Math.max(last, time);
  }
  return found;
}

export function EquityChart(props: { curve: readonly EquityPoint[]; height: number }): ReactNode {
  const { curve, height } = props;
  const holder = useRef<HTMLDivElement>(null);
  const palette = usePalette();
  const key = JSON.stringify(palette);
  const [pointed, setPointed] = useState<EquityPoint | null>(null);
  useEffect(() => {
    const node = holder.current;
    if (!node) return;
    const made = createChart(node, look(palette));
    const priceFormat = { type: "custom" as const, minMove: 1, formatter: (value: number) => money(100 * value) };
    const mid = made.addSeries(AreaSeries, {
      lineColor: palette.accent,
      lineWidth: 2,
      topColor: `${palette.accent}55`,
      bottomColor: `${palette.accent}05`,
      priceFormat,
    });
    mid.setData(points(curve, (point) => point.equity_mid_cents / 100));
    const exit = made.addSeries(LineSeries, {
      color: palette.soft,
      lineWidth: 1,
      lineStyle: 2,
      lastValueVisible: false,
      priceLineVisible: false,
      priceFormat,
    });
    exit.setData(points(curve, (point) => point.equity_exit_cents / 100));
    made.timeScale().fitContent();
    const byTime = new Map(curve.map((point) => [Math.floor(new Date(point.at).getTime() / 1000), point]));
    made.subscribeCrosshairMove((event) => setPointed(event.time === undefined ? null : (byTime.get(Number(event.time)) ?? null)));
    return () => made.remove();
    // The palette is a new object each time; its text says whether a colour changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [curve, key]);
  const last = curve.at(-1);
  const shown = pointed ?? last;
  const worst = Math.min(0, ...curve.map((point) => point.drawdown));
  const told = `Equity ${money(last?.equity_mid_cents)} at mid, ${money(last?.equity_exit_cents)} at exit prices; largest fall ${percent(worst, 1)} without deposits and withdrawals`;
  return (
    <div className="chart fill" style={{ minHeight: height }} data-chart="equity">
      {shown && (
        <div className="readout">
          <b className="strong">{instant(shown.at)}</b>
          <span>mid {money(shown.equity_mid_cents)}</span>
          <span>exit {money(shown.equity_exit_cents)}</span>
          <span className={shown.drawdown < 0 ? "loss" : ""}>{percent(shown.drawdown, 2)} from the high</span>
        </div>
      )}
      <div ref={holder} className="inside-chart" role="figure" aria-label={told} />
    </div>
  );
}
