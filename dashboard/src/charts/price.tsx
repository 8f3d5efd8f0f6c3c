// Daily bars with what was traded, the market's regimes behind them, and the strikes of open positions.

import {
  CandlestickSeries,
  ColorType,
  HistogramSeries,
  type IChartApi,
  type SeriesMarker,
  type Time,
  createChart,
  createSeriesMarkers,
} from "lightweight-charts";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Chart } from "../api/types";
import { number, sentence, signedMoney, signedPercent } from "../format";
import { type Palette, usePalette } from "../theme/theme";
import { Bands } from "./bands";

export interface PriceOptions {
  regimes: boolean;
  levels: boolean;
  volume: boolean;
  texts: boolean;
}

export function regimeColour(regime: string, palette: Palette): string {
  if (/stress|crash|crisis|panic|high/.test(regime)) return palette.loss;
  if (/bear|down/.test(regime)) return palette.warn;
  if (/bull|up/.test(regime)) return palette.gain;
  if (/low|calm|sideways/.test(regime)) return palette.accent;
  return palette.soft;
}

/** The look that every time chart of the page shares. */
export function look(palette: Palette) {
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: "transparent" },
      textColor: palette.soft,
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      attributionLogo: true,
    },
    grid: { vertLines: { color: `${palette.line}80` }, horzLines: { color: `${palette.line}80` } },
    rightPriceScale: { borderColor: palette.line },
    timeScale: { borderColor: palette.line, rightOffset: 3, fixLeftEdge: true },
    handleScroll: { vertTouchDrag: false, mouseWheel: false },
    handleScale: { mouseWheel: false },
  };
}

const dayOf = (at: string): string => {
  // A fill belongs to the exchange's day, whatever the day in Greenwich.
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" }).format(new Date(at));
  return parts;
};

/** More strikes than this would hide the axis behind their labels. */
const FEW = 8;
/** Words of a marker take about so many pixels; markers that stand closer go without. */
const TEXT_WIDTH = 96;

function markersOf(chart: Chart, palette: Palette, barSpacing: number): SeriesMarker<Time>[] {
  const numbers = new Map(chart.bars.map((bar, n) => [bar.day, n]));
  let latest = -Infinity;
  const last = chart.bars.at(-1)?.day ?? "";
  const grouped = new Map<string, Chart["markers"]>();
  for (const marker of chart.markers) {
    const day = dayOf(marker.at);
    if (day > last || !numbers.has(day)) continue;
    const key = `${day} ${marker.kind}`;
    grouped.set(key, [...(grouped.get(key) ?? []), marker]);
  }
  return [...grouped].map(([key, group]) => {
    const [day = "", kind = ""] = key.split(" ");
    const first = group[0];
    const more = group.length > 1 ? ` ×${group.length}` : "";
    const profit = group.reduce((sum, one) => sum + (one.profit_cents ?? 0), 0);
    const entry = kind === "entry";
    const text = entry ? (group.length > 1 ? `${group.length} opened` : (first?.text ?? "")) : `${signedMoney(profit)}${more}`;
    const texts = ((numbers.get(day) ?? 0) - latest) * barSpacing >= TEXT_WIDTH;
    if (texts) latest = numbers.get(day) ?? 0;
    return {
      time: day as Time,
      position: entry ? "belowBar" : "aboveBar",
      shape: entry ? "arrowUp" : kind === "stop" ? "square" : "arrowDown",
      color: entry ? palette.accent : kind === "stop" ? palette.loss : palette.gain,
      ...(texts ? { text } : {}),
    } satisfies SeriesMarker<Time>;
  });
}

export function PriceChart(props: { chart: Chart; options: PriceOptions; height: number; visible?: number }): ReactNode {
  const { chart, options, height, visible } = props;
  const { regimes, levels, volume, texts } = options;
  const holder = useRef<HTMLDivElement>(null);
  const palette = usePalette();
  const key = JSON.stringify(palette);
  const [shown, setShown] = useState<Chart["bars"][number] | null>(null);

  useEffect(() => {
    const node = holder.current;
    if (!node) return;
    const made: IChartApi = createChart(node, look(palette));
    const series = made.addSeries(CandlestickSeries, {
      upColor: palette.gain,
      downColor: palette.loss,
      wickUpColor: palette.gain,
      wickDownColor: palette.loss,
      borderVisible: false,
    });
    series.setData(chart.bars.map((bar) => ({ time: bar.day as Time, open: bar.open, high: bar.high, low: bar.low, close: bar.close })));
    if (volume) {
      const bars = made.addSeries(HistogramSeries, {
        priceScaleId: "volume",
        priceFormat: { type: "volume" },
        lastValueVisible: false,
        priceLineVisible: false,
      });
      bars.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
      series.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0.2 } });
      bars.setData(
        chart.bars.flatMap((bar) =>
          bar.volume === null ? [] : [{ time: bar.day as Time, value: bar.volume, color: `${bar.close >= bar.open ? palette.gain : palette.loss}55` }],
        ),
      );
    }
    let spacing = -1;
    const markers = createSeriesMarkers(series, []);
    const mark = (): void => {
      const now = texts ? made.timeScale().options().barSpacing : 0;
      if (now === spacing) return;
      spacing = now;
      markers.setMarkers(markersOf(chart, palette, now));
    };
    if (levels) {
      // What is sold is what can hurt; the strikes that were bought stand beside and would only hide the bars.
      const sold = new Set(chart.levels.filter((one) => one.text.startsWith("short")).map((one) => one.price));
      for (const price of sold) {
        series.createPriceLine({
          price,
          color: `${palette.warn}99`,
          lineStyle: 1,
          lineWidth: 1,
          axisLabelVisible: sold.size <= FEW,
          axisLabelColor: palette.raised,
          axisLabelTextColor: palette.text,
          title: "",
        });
      }
    }
    if (regimes) {
      series.attachPrimitive(
        new Bands(
          chart.regimes.map((band) => ({
            from: band.start as Time,
            to: band.end as Time,
            colour: `${regimeColour(band.regime, palette)}1c`,
          })),
        ),
      );
    }
    const bars = chart.bars.length;
    // As many bars as can be told apart, the latest of them; the rest is a drag away.
    const room = Math.max(20, Math.floor(node.clientWidth / 6));
    const most = Math.min(visible ?? Infinity, room);
    if (bars > most) made.timeScale().setVisibleLogicalRange({ from: bars - most, to: bars + 2 });
    else made.timeScale().fitContent();
    mark();
    made.timeScale().subscribeVisibleLogicalRangeChange(mark);
    const byDay = new Map(chart.bars.map((bar) => [bar.day, bar]));
    made.subscribeCrosshairMove((event) => setShown(event.time === undefined ? null : (byDay.get(String(event.time)) ?? null)));
    return () => made.remove();
    // The palette is a new object each time; its text says whether a colour changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [chart, regimes, levels, volume, texts, key, visible]);

  const bar = shown ?? chart.bars.at(-1);
  const before = bar ? chart.bars[chart.bars.indexOf(bar) - 1] : undefined;
  const change = bar && before ? bar.close / before.close - 1 : null;
  const told = `${chart.symbol}, ${chart.bars.length} daily bars to ${chart.bars.at(-1)?.day ?? "-"}, ${chart.markers.length} entries and exits`;
  return (
    <div className="chart fill" style={{ minHeight: height }} data-chart="price">
      {bar && (
        <div className="readout">
          <b className="strong">{bar.day}</b>
          <span className="only-wide">O {number(bar.open)}</span>
          <span className="only-wide">H {number(bar.high)}</span>
          <span className="only-wide">L {number(bar.low)}</span>
          <span>C {number(bar.close)}</span>
          <span className={change === null ? "" : change >= 0 ? "gain" : "loss"}>{signedPercent(change, 2)}</span>
        </div>
      )}
      <div ref={holder} className="inside-chart" role="figure" aria-label={told} />
    </div>
  );
}

export function RegimeLegend({ chart }: { chart: Chart }): ReactNode {
  const palette = usePalette();
  const names = [...new Set(chart.regimes.map((band) => band.regime))];
  return (
    <div className="legend">
      {names.map((name) => (
        <span key={name}>
          <i className="block" style={{ background: `${regimeColour(name, palette)}66` }} />
          {sentence(name)}
        </span>
      ))}
    </div>
  );
}
