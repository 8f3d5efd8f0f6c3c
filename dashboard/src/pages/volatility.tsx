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
              <EChart option={smileOption} height={330} label={`Volatility smile of ${smile.expiration}`} />
              <div className="legend">
                <span>
                  <i className="block" style={{ background: "var(--accent)", borderRadius: 7, width: 9, height: 9 }} /> out-of-the-money quotes
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
            <EChart option={rankOption} height={260} label="30-day implied volatility and its rank in the past year" />
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

function smileChart(smile: Smile | undefined, view: Volatility, palette: Palette): EChartsCoreOption {
  const { spot } = view;
  const strikes = smile?.strikes ?? [];
  // Far wings carry quotes of a cent or two; they would flatten what is traded.
  const inside = strikes.map((strike, n) => ({ strike, n })).filter(({ strike }) => strike > 0.7 * spot && strike < 1.25 * spot);
  return {
    grid: { left: 48, right: 16, top: 20, bottom: 30 },
    tooltip: {
      ...tooltip(palette),
      trigger: "item",
      formatter: (point: { data: [number, number, number] }) => {
        const n = point.data[2];
        const [bid, ask] = [smile?.bid_cents[n] ?? null, smile?.ask_cents[n] ?? null];
        return `${point.data[0]}: ${point.data[1]}%<br>bid ${bid === null ? "–" : (bid / 100).toFixed(2)}, ask ${ask === null ? "–" : (ask / 100).toFixed(2)}`;
      },
    },
    xAxis: { type: "value", scale: true, ...axes(palette), splitLine: { show: false } },
    yAxis: { type: "value", scale: true, ...axes(palette), axisLabel: { color: palette.soft, formatter: "{value}%" } },
    series: [
      {
        type: "scatter",
        symbolSize: 6,
        itemStyle: { color: palette.accent, opacity: 0.75 },
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
        showSymbol: false,
        smooth: false,
        tooltip: { show: false },
        lineStyle: { color: palette.warn, width: 1.2 },
        data: inside.map(({ strike, n }) => [strike, shown(smile?.fitted[n] ?? null)]),
      },
    ],
  };
}

function termChart(view: Volatility, palette: Palette): EChartsCoreOption {
  return {
    grid: { left: 48, right: 20, top: 16, bottom: 40 },
    tooltip: { ...tooltip(palette), trigger: "axis", valueFormatter: (value: number) => `${value.toFixed(1)}%` },
    xAxis: { type: "log", min: "dataMin", name: "days", nameLocation: "middle", nameGap: 26, ...axes(palette), splitLine: { show: false } },
    yAxis: { type: "value", scale: true, ...axes(palette), axisLabel: { color: palette.soft, formatter: "{value}%" } },
    series: [
      {
        type: "line",
        name: "At the money",
        symbolSize: 6,
        lineStyle: { color: palette.accent, width: 2 },
        itemStyle: { color: palette.accent },
        areaStyle: { color: palette.accent, opacity: 0.1 },
        data: view.term.filter((one) => one.days > 0).map((one) => [one.days, shown(one.iv)]),
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
