// Daily bars with what was traded, the market's regimes behind them, and the strikes of open positions.

import {
  CandlestickSeries,
  ColorType,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type SeriesMarker,
  type Time,
  createChart,
  createSeriesMarkers,
} from "lightweight-charts";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Chart } from "../api/types";
import { number, sentence, signedMoney, signedPercent } from "../format";
import { type Palette, usePalette } from "../theme/theme";
import { Bands } from "./bands";
import { type Bar, speaking } from "./labels";

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

/** What was done on one side of one day, as one marker. */
interface Deed {
  day: string;
  kind: string;
  words: string;
}

function deedsOf(chart: Chart): Deed[] {
  const known = new Set(chart.bars.map((bar) => bar.day));
  const grouped = new Map<string, Chart["markers"]>();
  for (const marker of chart.markers) {
    const day = dayOf(marker.at);
    if (!known.has(day)) continue;
    const key = `${day} ${marker.kind}`;
    grouped.set(key, [...(grouped.get(key) ?? []), marker]);
  }
  return [...grouped].map(([key, group]) => {
    const [day = "", kind = ""] = key.split(" ");
    const more = group.length > 1 ? ` ×${group.length}` : "";
    const profit = group.reduce((sum, one) => sum + (one.profit_cents ?? 0), 0);
    const opened = group.length > 1 ? `${group.length} opened` : (group[0]?.text ?? "");
    return { day, kind, words: kind === "entry" ? opened : `${signedMoney(profit)}${more}` };
  });
}

function colourOf(deed: Deed, palette: Palette): string {
  return deed.kind === "entry" ? palette.accent : deed.kind === "stop" ? palette.loss : palette.gain;
}

/** Return the deeds as markers; those say something whose words would hide nothing as the chart is drawn now. */
function markersOf(
  deeds: readonly Deed[],
  texts: boolean,
  chart: Chart,
  made: IChartApi,
  series: ISeriesApi<"Candlestick">,
  palette: Palette,
): SeriesMarker<Time>[] {
  const scale = made.timeScale();
  const plot = { width: scale.width(), height: made.paneSize().height, spacing: scale.options().barSpacing };
  const pen = document.createElement("canvas").getContext("2d");
  if (pen) pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const bars = new Map<string, Bar>();
  for (const bar of chart.bars) {
    const x = scale.timeToCoordinate(bar.day as Time);
    const [top, bottom] = [series.priceToCoordinate(bar.high), series.priceToCoordinate(bar.low)];
    if (x !== null && top !== null && bottom !== null && x > -plot.spacing && x < plot.width + plot.spacing) bars.set(bar.day, { x, top, bottom });
  }
  const seen = deeds.flatMap((deed, number) => {
    const bar = bars.get(deed.day);
    const below = deed.kind === "entry";
    return bar ? [{ number, x: bar.x, edge: below ? bar.bottom : bar.top, below, words: deed.words }] : [];
  });
  const said = speaking(seen, [...bars.values()], plot, (words) => pen?.measureText(words).width ?? words.length * 7);
  const speaks = new Set([...said.keys()].map((n) => seen[n]?.number));
  return deeds.map((deed, number) => ({
    time: deed.day as Time,
    position: deed.kind === "entry" ? "belowBar" : "aboveBar",
    shape: deed.kind === "entry" ? "arrowUp" : deed.kind === "stop" ? "square" : "arrowDown",
    color: colourOf(deed, palette),
    ...(texts && speaks.has(number) ? { text: deed.words } : {}),
  }));
}

export function PriceChart(props: { chart: Chart; options: PriceOptions; height: number; visible?: number }): ReactNode {
  const { chart, options, height, visible } = props;
  const { regimes, levels, volume, texts } = options;
  const holder = useRef<HTMLDivElement>(null);
  const palette = usePalette();
  const key = JSON.stringify(palette);
  const [shown, setShown] = useState<Chart["bars"][number] | null>(null);
  const deeds = useMemo(() => deedsOf(chart), [chart]);

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
    const markers = createSeriesMarkers(series, []);
    let [said, asked] = ["", 0];
    const mark = (): void => {
      asked = 0;
      const wanted = markersOf(deeds, texts, chart, made, series, palette);
      const now = JSON.stringify(wanted);
      if (now !== said) markers.setMarkers(wanted);
      said = now;
    };
    // Where bars stand is known when they are drawn.
    const markSoon = (): void => {
      if (!asked) asked = requestAnimationFrame(mark);
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
    markSoon();
    made.timeScale().subscribeVisibleLogicalRangeChange(markSoon);
    made.timeScale().subscribeSizeChange(markSoon);
    const byDay = new Map(chart.bars.map((bar) => [bar.day, bar]));
    made.subscribeCrosshairMove((event) => setShown(event.time === undefined ? null : (byDay.get(String(event.time)) ?? null)));
    return () => {
      cancelAnimationFrame(asked);
      made.remove();
    };
    // The palette is a new object each time; its text says whether a colour changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [chart, deeds, regimes, levels, volume, texts, key, visible]);

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
          {deeds
            .filter((deed) => deed.day === bar.day)
            .map((deed) => (
              <b key={deed.kind} style={{ color: colourOf(deed, palette) }}>
                {deed.words}
              </b>
            ))}
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
