import type { EChartsCoreOption } from "echarts/core";
import { type ReactNode, useCallback, useState } from "react";
import type { Volatility } from "../api/types";
import { EChart, axes, tooltip } from "../charts/echart";
import { day, instant, number, percent } from "../format";
import { Card, Empty, GradeBadge, PageHead, Shown } from "../parts/parts";
import { SurfaceHeat } from "../parts/surface";
import { SymbolChoice } from "../parts/symbol-choice";
import { go } from "../route";
import { useSymbols, useVolatility } from "../state/queries";
import type { Palette } from "../theme/theme";

export default function VolatilityPage({ rest }: { rest: string[] }): ReactNode {
  const symbols = useSymbols();
  const known = symbols.data?.["chains"] ?? [];
  const symbol = rest[0] ?? (known.includes("SPY") ? "SPY" : known[0]);
  const view = useVolatility(symbol, 60);
  return (
    <>
      <div className="row">
        <PageHead title="Volatility">
          {view.data && (
            <>
              {view.data.symbol} at {number(view.data.spot)}, {instant(view.data.as_of)}
            </>
          )}
        </PageHead>
        <span className="spacer" />
        {view.data && <GradeBadge grade={view.data.grade} />}
        <SymbolChoice symbols={known} symbol={symbol} onChange={(name) => go("volatility", name)} />
      </div>
      {symbols.isSuccess && symbol === undefined ? (
        <Empty title="No option chains are stored">
          Import some with <code>strikewise data import PATH</code>.
        </Empty>
      ) : (
        <Shown query={view} height={420}>
          {(data) => <All view={data} key={data.symbol} />}
        </Shown>
      )}
    </>
  );
}

function All({ view }: { view: Volatility }): ReactNode {
  const near = view.smiles.findIndex((one) => one.days >= 25);
  const [chosen, setChosen] = useState(Math.max(0, near));
  const smile = view.smiles[Math.min(chosen, view.smiles.length - 1)];
  const ranked = view.ranks.filter((one) => one.rank !== null || one.iv30 !== null);
  const smileOption = useCallback((palette: Palette) => smileChart(smile, view, palette), [smile, view]);
  const termOption = useCallback((palette: Palette) => termChart(view, palette), [view]);
  const rankOption = useCallback((palette: Palette) => rankChart(ranked, palette), [view]); // eslint-disable-line react-hooks/exhaustive-deps
  return (
    <>
      <div className="grid two">
        <Card title="Surface · strike over spot × days, percent">
          <SurfaceHeat view={view} roomy />
        </Card>
        <Card
          title="Smile against quotes"
          aside={
            <select className="select" aria-label="Expiration" value={chosen} onChange={(event) => setChosen(Number(event.target.value))}>
              {view.smiles.map((one, n) => (
                <option key={one.expiration} value={n}>
                  {day(one.expiration, true)} · {one.days}d
                </option>
              ))}
            </select>
          }
        >
          {smile ? (
            <>
              <EChart option={smileOption} height={336} label={`Volatility smile of ${smile.expiration}`} />
              <div className="legend">
                <span>
                  <i className="block" style={{ background: "var(--accent)", borderRadius: 7, width: 9, height: 9 }} /> middle of a quote, with its bid and ask
                </span>
                <span>
                  <i style={{ borderColor: "var(--warn)" }} /> the surface through them
                </span>
              </div>
            </>
          ) : (
            <Empty title="No quotes to fit" />
          )}
        </Card>
      </div>
      <div className="grid two">
        <Card title="Term structure · at the money">
          <EChart option={termOption} height={260} label="At-the-money volatility by days to expiration" />
        </Card>
        <Card title="IV and its rank, session by session">
          {ranked.length > 1 ? (
            <>
              <EChart option={rankOption} height={260} label="30-day implied volatility and its rank in the past year" />
              {ranked.at(-1)?.rank === null && <p className="soft fine">The rank takes a year of volatilities before it; where less is stored it is unknown.</p>}
            </>
          ) : (
            <Empty title="Not enough sessions">The rank compares a session with the year before it.</Empty>
          )}
        </Card>
      </div>
    </>
  );
}

type Smile = Volatility["smiles"][number];

const shown = (value: number | null): number | null => (value === null ? null : Math.round(1e4 * value) / 100);

/** The strikes worth showing: as many deviations around spot as are traded; beyond, wings of a cent flatten all. */
function shownRange(smile: Smile, spot: number): [number, number] {
  const nearest = smile.strikes.reduce((best, strike, n) => (Math.abs(strike - spot) < Math.abs((smile.strikes[best] ?? 0) - spot) ? n : best), 0);
  const deviation = (smile.fitted[nearest] ?? smile.iv[nearest] ?? 0.2) * Math.sqrt(Math.max(smile.days, 1) / 365);
  return [spot * Math.exp(-Math.max(0.04, 7 * deviation)), spot * Math.exp(Math.max(0.03, 4.5 * deviation))];
}

function smileChart(smile: Smile | undefined, view: Volatility, palette: Palette): EChartsCoreOption {
  const { spot } = view;
  const [low, high] = smile ? shownRange(smile, spot) : [0, 0];
  const inside = (smile?.strikes ?? []).map((strike, n) => ({ strike, n })).filter(({ strike }) => strike > low && strike < high);
  const span = (values: readonly (number | null)[] | undefined, n: number): number | null => shown(values?.[n] ?? null);
  const bars = inside
    .map(({ strike, n }) => [strike, span(smile?.bid_iv, n), span(smile?.ask_iv, n)] as const)
    .filter(([, bid, ask]) => bid !== null && ask !== null);
  return {
    grid: { left: 48, right: 16, top: 22, bottom: 42 },
    tooltip: {
      ...tooltip(palette),
      trigger: "axis",
      axisPointer: { type: "line", lineStyle: { color: palette.soft, type: "dashed" } },
      formatter: (points: { seriesName: string; data: [number, number, number] }[]) => {
        const found = points.find((one) => one.seriesName === "Quotes");
        if (!found) return "";
        const n = found.data[2];
        const money = (cents: number | null | undefined): string => (cents === null || cents === undefined ? "–" : (cents / 100).toFixed(2));
        const iv = (value: number | null | undefined): string => (value === null || value === undefined ? "–" : `${(100 * value).toFixed(1)}%`);
        return (
          `<b>${found.data[0]}</b> ${found.data[0] < spot ? "put" : "call"}<br>` +
          `bid ${money(smile?.bid_cents[n])} = ${iv(smile?.bid_iv?.[n])}<br>ask ${money(smile?.ask_cents[n])} = ${iv(smile?.ask_iv?.[n])}<br>` +
          `middle ${iv(smile?.iv[n])}, surface ${iv(smile?.fitted[n])}`
        );
      },
    },
    xAxis: { type: "value", scale: true, min: "dataMin", max: "dataMax", name: "strike", nameLocation: "middle", nameGap: 26, ...axes(palette), axisLabel: { color: palette.soft, showMinLabel: false, showMaxLabel: false, formatter: (value: number) => String(Math.round(value)) }, splitLine: { show: false } },
    yAxis: { type: "value", scale: true, ...axes(palette), axisLabel: { color: palette.soft, formatter: "{value}%" } },
    series: [
      {
        type: "custom",
        name: "Bid to ask",
        silent: true,
        tooltip: { show: false },
        encode: { x: 0, y: [1, 2] },
        data: bars,
        renderItem: (_: unknown, at: { value: (n: number) => number; coord: (point: [number, number]) => [number, number] }) => {
          const [x, bottom] = at.coord([at.value(0), at.value(1)]);
          const [, top] = at.coord([at.value(0), at.value(2)]);
          const line = (x1: number, y1: number, x2: number, y2: number): object => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: palette.accent, lineWidth: 1.2, opacity: 0.8 } });
          return { type: "group", children: [line(x, bottom, x, top), line(x - 2.5, bottom, x + 2.5, bottom), line(x - 2.5, top, x + 2.5, top)] };
        },
      },
      {
        type: "scatter",
        name: "Quotes",
        symbolSize: inside.length > 70 ? 3.5 : 5,
        itemStyle: { color: palette.accent },
        data: inside.map(({ strike, n }) => [strike, shown(smile?.iv[n] ?? null), n]),
        markLine: {
          symbol: "none",
          silent: true,
          lineStyle: { color: palette.soft, type: "dashed" },
          label: { formatter: `spot ${spot.toFixed(2)}`, color: palette.soft, position: "end" },
          data: [{ xAxis: spot }],
        },
      },
      {
        type: "line",
        name: "Surface",
        showSymbol: false,
        smooth: false,
        lineStyle: { color: palette.warn, width: 1.6 },
        itemStyle: { color: palette.warn },
        data: inside.map(({ strike, n }) => [strike, shown(smile?.fitted[n] ?? null)]),
      },
    ],
  };
}

const TERMS = [1, 2, 7, 14, 30, 60, 120, 250, 500, 1000];

function termChart(view: Volatility, palette: Palette): EChartsCoreOption {
  const points = view.term.filter((one) => one.days > 0);
  return {
    grid: { left: 48, right: 20, top: 16, bottom: 42 },
    tooltip: {
      ...tooltip(palette),
      trigger: "axis",
      formatter: (found: { dataIndex: number }[]) => {
        const point = points[found[0]?.dataIndex ?? 0];
        return point ? `${day(point.expiration, true)} · ${point.days} days<br><b>${percent(point.iv, 1)}</b>` : "";
      },
    },
    // Days on a logarithmic scale, with ticks where people look: a week, a month, half a year.
    xAxis: {
      type: "value",
      min: "dataMin",
      max: "dataMax",
      name: "days to expiration",
      nameLocation: "middle",
      nameGap: 26,
      ...axes(palette),
      axisLabel: { color: palette.soft, customValues: TERMS.map(Math.log), formatter: (value: number) => String(Math.round(Math.exp(value))) },
      splitLine: { show: false },
    },
    yAxis: { type: "value", scale: true, ...axes(palette), axisLabel: { color: palette.soft, formatter: "{value}%" } },
    series: [
      {
        type: "line",
        name: "At the money",
        symbolSize: 6,
        lineStyle: { color: palette.accent, width: 2 },
        itemStyle: { color: palette.accent },
        areaStyle: { color: palette.accent, opacity: 0.1 },
        data: points.map((one) => [Math.log(one.days), shown(one.iv)]),
      },
    ],
  };
}

function rankChart(ranks: Volatility["ranks"], palette: Palette): EChartsCoreOption {
  return {
    grid: { left: 48, right: 48, top: 34, bottom: 28 },
    legend: { top: 0, textStyle: { color: palette.soft }, icon: "roundRect", itemHeight: 4 },
    tooltip: { ...tooltip(palette), trigger: "axis", valueFormatter: (value: number | null) => (value === null ? "–" : percent(value / 100, 1)) },
    xAxis: { type: "category", data: ranks.map((one) => day(one.day)), ...axes(palette), splitLine: { show: false } },
    yAxis: [
      { type: "value", scale: true, ...axes(palette), axisLabel: { color: palette.soft, formatter: "{value}%" } },
      { type: "value", min: 0, max: 100, ...axes(palette), splitLine: { show: false }, axisLabel: { color: palette.soft, formatter: "{value}%" } },
    ],
    series: [
      { type: "line", name: "IV, 30 days", showSymbol: ranks.length < 40, lineStyle: { color: palette.accent, width: 2 }, itemStyle: { color: palette.accent }, data: ranks.map((one) => shown(one.iv30)) },
      { type: "line", name: "Rank in the past year", yAxisIndex: 1, showSymbol: false, lineStyle: { color: palette.violet, width: 2, type: "dashed" }, itemStyle: { color: palette.violet }, data: ranks.map((one) => shown(one.rank)) },
    ],
  };
}
