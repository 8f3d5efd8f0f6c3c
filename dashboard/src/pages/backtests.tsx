import { useQuery } from "@tanstack/react-query";
import type { EChartsCoreOption } from "echarts/core";
import { type ReactNode, useCallback, useState } from "react";
import { answered, api } from "../api/client";
import type { Run, RunFigures } from "../api/documents";
import type { RunSummary } from "../api/types";
import { EChart, axes, tooltip } from "../charts/echart";
import { day, money, number, percent, sentence, signedMoney, signedPercent, tone } from "../format";
import { Card, Empty, GradeBadge, PageHead, Shown, Tile } from "../parts/parts";
import { SpecForm } from "../parts/spec-form";
import { type Column, DataTable } from "../parts/table";
import { go, link } from "../route";
import type { Palette } from "../theme/theme";

const figures = (run: RunSummary): RunFigures => run.summary as unknown as RunFigures;
const specOf = (run: RunSummary): Run["spec"] => run.spec as unknown as Run["spec"];

export default function Backtests({ rest }: { rest: string[] }): ReactNode {
  const [marked, setMarked] = useState<string[]>([]);
  const runs = useQuery({ queryKey: ["backtests"], queryFn: () => answered(api.GET("/api/v1/backtests")) });
  const picked = rest[0] ?? runs.data?.items[0]?.fingerprint;
  const mark = (name: string): void =>
    setMarked((before) => (before.includes(name) ? before.filter((one) => one !== name) : [...before, name].slice(-6)));
  const columns: Column<RunSummary>[] = [
    {
      id: "mark",
      head: "Compare",
      phone: 3,
      cell: (row) => (
        <input
          type="checkbox"
          aria-label={`Compare ${row.title}`}
          checked={marked.includes(row.fingerprint)}
          onClick={(event) => event.stopPropagation()}
          onChange={() => mark(row.fingerprint)}
        />
      ),
    },
    ...COLUMNS,
  ];
  return (
    <>
      <PageHead title="Backtests">The same strategies over the past, kept with their facts</PageHead>
      <SpecForm onDone={(name) => go("backtests", name)} />
      <Card title="Kept runs" flush aside={marked.length === 1 ? "Mark another to compare" : marked.length > 1 ? `${marked.length} side by side below` : undefined}>
        <Shown query={runs}>
          {(data) =>
            data.items.length ? (
              <DataTable label="Kept runs" rows={data.items} columns={columns} keyOf={(row) => row.fingerprint} picked={picked} onPick={(row) => go("backtests", row.fingerprint)} />
            ) : (
              <Empty title="No run is kept yet">
                Begin one above, or on the command line: <code>strikewise backtest SPEC.toml</code>
              </Empty>
            )
          }
        </Shown>
      </Card>
      {marked.length > 1 && <Comparison names={marked} />}
      {picked !== undefined && <One key={picked} name={picked} />}
    </>
  );
}

const COLUMNS: Column<RunSummary>[] = [
  { id: "title", phone: 1, head: "Run", by: (row) => row.title, cell: (row) => <a href={link("backtests", row.fingerprint)}>{row.title}</a> },
  { id: "span", head: "Days", by: (row) => specOf(row).start, cell: (row) => `${day(specOf(row).start, true)} – ${day(specOf(row).end, true)}` },
  { id: "profit", phone: 2, head: "P&L", num: true, by: (row) => figures(row).net_profit, cell: (row) => signedMoney(100 * figures(row).net_profit), tone: (row) => tone(figures(row).net_profit) },
  { id: "return", head: "Return", num: true, by: (row) => figures(row).total_return, cell: (row) => signedPercent(figures(row).total_return, 2), tone: (row) => tone(figures(row).total_return) },
  { id: "sharpe", head: "Sharpe", num: true, by: (row) => figures(row).sharpe, cell: (row) => number(figures(row).sharpe) },
  { id: "fall", head: "Max fall", num: true, by: (row) => figures(row).max_drawdown, cell: (row) => percent(figures(row).max_drawdown, 2) },
  { id: "trades", head: "Trades", num: true, by: (row) => figures(row).trades, cell: (row) => figures(row).trades },
  { id: "wins", head: "Won", num: true, by: (row) => figures(row).win_rate, cell: (row) => percent(figures(row).win_rate) },
  { id: "grade", head: "Data", by: (row) => row.grade, cell: (row) => <GradeBadge grade={row.grade ?? ""} /> },
  { id: "report", head: "Report", cell: (row) => <a href={`/api/v1/backtests/${row.fingerprint}/report`} target="_blank" rel="noreferrer">Open ↗</a> },
];

const COLOURS = (palette: Palette): string[] => [palette.accent, palette.warn, palette.gain, palette.violet, palette.loss, palette.soft];

interface Curve {
  name: string;
  points: { at: string; equity_mid: number }[];
}

function curves(all: readonly Curve[], palette: Palette): EChartsCoreOption {
  return {
    color: COLOURS(palette),
    grid: { left: 58, right: 16, top: all.length > 1 ? 34 : 14, bottom: 28 },
    legend: all.length > 1 ? { top: 0, textStyle: { color: palette.soft }, icon: "roundRect", itemHeight: 4 } : { show: false },
    tooltip: { ...tooltip(palette), trigger: "axis", valueFormatter: (value: number) => (all.length > 1 ? `${value.toFixed(2)}%` : money(100 * value)) },
    xAxis: { type: "time", ...axes(palette), splitLine: { show: false } },
    yAxis: {
      type: "value",
      scale: true,
      ...axes(palette),
      axisLabel: { color: palette.soft, formatter: all.length > 1 ? "{value}%" : (value: number) => money(100 * value) },
    },
    series: all.map((curve) => {
      const start = curve.points[0]?.equity_mid ?? 1;
      return {
        type: "line",
        name: curve.name,
        showSymbol: false,
        lineStyle: { width: 2 },
        ...(all.length > 1 ? {} : { areaStyle: { opacity: 0.12 } }),
        data: curve.points.map((point) => [point.at, all.length > 1 ? 100 * (point.equity_mid / start - 1) : point.equity_mid]),
      };
    }),
  };
}

function Comparison({ names }: { names: string[] }): ReactNode {
  const found = useQuery({
    queryKey: ["compare", ...names],
    queryFn: () => answered(api.GET("/api/v1/backtests/compare", { params: { query: { runs: names.join(",") } } })),
  });
  const { data } = found;
  const option = useCallback(
    (palette: Palette) =>
      curves((data?.runs ?? []).map((run, n) => ({ name: `${run.title} (${run.fingerprint.slice(0, 4)})`, points: (data?.equity[n] ?? []) as unknown as Curve["points"] })), palette),
    [data],
  );
  return (
    <Card title="Side by side · return since the start">
      <Shown query={found} height={300}>
        {(found) => (
          <>
            <EChart option={option} height={300} label="Returns of the marked runs" />
            <DataTable label="The marked runs" rows={found.runs} columns={COLUMNS.filter((one) => !["report", "grade"].includes(one.id))} keyOf={(row) => row.fingerprint} />
          </>
        )}
      </Shown>
    </Card>
  );
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function One({ name }: { name: string }): ReactNode {
  const run = useQuery({
    queryKey: ["backtest", name],
    staleTime: Infinity,
    queryFn: async () => (await answered(api.GET("/api/v1/backtests/{fingerprint}", { params: { path: { fingerprint: name } } }))) as unknown as Run,
  });
  return (
    <Shown query={run} height={320}>
      {(data) => <Details run={data} />}
    </Shown>
  );
}

function Details({ run }: { run: Run }): ReactNode {
  const { summary } = run;
  const option = useCallback((palette: Palette) => curves([{ name: run.title, points: run.equity }], palette), [run]);
  const years = [...new Set(run.months.map((one) => one.year))];
  return (
    <>
      <dl className="tiles">
        <Tile name="P&L" value={signedMoney(100 * summary.net_profit)} tone={tone(summary.net_profit)} note={run.title} />
        <Tile name="Return" value={signedPercent(summary.total_return, 2)} tone={tone(summary.total_return)} note={summary.cagr === null ? "too short for a yearly rate" : `${signedPercent(summary.cagr)} a year`} />
        <Tile name="Sharpe" value={number(summary.sharpe)} note={`Sortino ${number(summary.sortino)}`} />
        <Tile name="Max fall" value={percent(summary.max_drawdown, 2)} tone={tone(summary.max_drawdown)} />
        <Tile name="Trades" value={summary.trades} note={`${percent(summary.win_rate)} won`} />
        <Tile name="Profit factor" value={number(summary.profit_factor)} />
      </dl>
      <div className="grid wide-narrow">
        <Card title={`Equity of ${run.title}`} aside={<a href={`/api/v1/backtests/${run.fingerprint}/report`} target="_blank" rel="noreferrer">Whole report ↗</a>}>
          <EChart option={option} height={300} label={`Equity of ${run.title}`} />
        </Card>
        <Card title="At other fills" flush>
          {run.fills.length ? (
            <DataTable label="What the fills change" rows={run.fills} columns={FILLS} keyOf={(row) => String(row.f)} />
          ) : (
            <Empty title="Only at its own fills" />
          )}
        </Card>
      </div>
      <Card title="Month by month" flush>
        <div className="scroll" tabIndex={0} role="region" aria-label="Returns by month">
          <table className="data">
            <thead>
              <tr>
                <th scope="col">Year</th>
                {MONTHS.map((month) => (
                  <th key={month} scope="col" className="num">
                    {month}
                  </th>
                ))}
                <th scope="col" className="num">
                  Whole
                </th>
              </tr>
            </thead>
            <tbody>
              {years.map((year) => {
                const whole = run.years.find((one) => one.year === year);
                return (
                  <tr key={year}>
                    <td>
                      <b className="strong">{year}</b>
                    </td>
                    {MONTHS.map((month, n) => {
                      const found = run.months.find((one) => one.year === year && one.month === n + 1);
                      return (
                        <td key={month} className={`num ${tone(found?.return)}`}>
                          {found ? signedPercent(found.return, 2) : ""}
                        </td>
                      );
                    })}
                    <td className={`num strong ${tone(whole?.return)}`}>{signedPercent(whole?.return, 2)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </Card>
      <div className="grid two">
        <Card title="By strategy" flush>
          <DataTable label="By strategy" rows={run.strategies} columns={PARTS("strategy")} keyOf={(row) => String(row["strategy" as keyof typeof row])} />
        </Card>
        <Card title="By how it ended" flush>
          <DataTable label="By exit" rows={run.exits} columns={PARTS("reason")} keyOf={(row) => String(row["reason" as keyof typeof row])} />
        </Card>
      </div>
    </>
  );
}

const FILLS: Column<Run["fills"][number]>[] = [
  { id: "f", head: "Half-spread paid", by: (row) => row.f, cell: (row) => percent(row.f) },
  { id: "profit", head: "P&L", num: true, by: (row) => row.net_profit, cell: (row) => signedMoney(100 * row.net_profit), tone: (row) => tone(row.net_profit) },
  { id: "fall", head: "Max fall", num: true, by: (row) => row.max_drawdown, cell: (row) => percent(row.max_drawdown, 1) },
  { id: "won", head: "Won", num: true, by: (row) => row.win_rate, cell: (row) => percent(row.win_rate) },
];

interface Part {
  strategy?: string;
  reason?: string;
  trades: number;
  pnl: number;
  win_rate: number;
}

const PARTS = (name: "strategy" | "reason"): Column<Part>[] => [
  { id: name, head: sentence(name), by: (row) => row[name] ?? "", cell: (row) => sentence(row[name] ?? "") },
  { id: "trades", head: "Trades", num: true, by: (row) => row.trades, cell: (row) => row.trades },
  { id: "pnl", head: "P&L", num: true, by: (row) => row.pnl, cell: (row) => signedMoney(100 * row.pnl), tone: (row) => tone(row.pnl) },
  { id: "won", head: "Won", num: true, by: (row) => row.win_rate, cell: (row) => percent(row.win_rate) },
];
