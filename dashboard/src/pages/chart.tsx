import { type ReactNode, useMemo, useState } from "react";
import type { Chart } from "../api/types";
import { PriceChart, RegimeLegend } from "../charts/price";
import { instant, sentence, signedMoney, tone } from "../format";
import { SymbolChoice } from "../parts/symbol-choice";
import { type Column, DataTable } from "../parts/table";
import { Badge, Card, Empty, PageHead, Shown } from "../parts/parts";
import { go, link } from "../route";
import { useChart, usePositions, useSymbols } from "../state/queries";

const SPANS: [string, number][] = [
  ["3 months", 63],
  ["6 months", 126],
  ["1 year", 252],
  ["3 years", 756],
];

export default function ChartPage({ rest }: { rest: string[] }): ReactNode {
  const symbols = useSymbols();
  const positions = usePositions();
  const known = symbols.data?.["bars"] ?? [];
  const symbol = rest[0] ?? positions.data?.items[0]?.underlying ?? (known.includes("SPY") ? "SPY" : known[0]);
  const [sessions, setSessions] = useState(126);
  const [regimes, setRegimes] = useState(true);
  const [levels, setLevels] = useState(true);
  const [texts, setTexts] = useState(true);
  const chart = useChart(symbol, sessions);
  const options = useMemo(() => ({ regimes, levels, volume: true, texts }), [regimes, levels, texts]);
  return (
    <>
      <PageHead title="Chart">What was traded, when, and in which market</PageHead>
      <Card
        title={`${symbol ?? ""} daily`}
        aside={
          <>
            <SymbolChoice symbols={known} symbol={symbol} onChange={(name) => go("chart", name)} />
            <select className="select" aria-label="How far back" value={sessions} onChange={(event) => setSessions(Number(event.target.value))}>
              {SPANS.map(([name, count]) => (
                <option key={count} value={count}>
                  {name}
                </option>
              ))}
            </select>
            <Switch name="Regimes" on={regimes} put={setRegimes} />
            <Switch name="Sold strikes" on={levels} put={setLevels} />
            <Switch name="Words" on={texts} put={setTexts} />
          </>
        }
      >
        {symbols.isSuccess && symbol === undefined ? (
          <Empty title="No bars are stored">
            Import some with <code>strikewise data import PATH</code>.
          </Empty>
        ) : (
          <Shown query={chart} height={520}>
            {(data) => (
              <>
                <PriceChart chart={data} options={options} height={500} />
                <div className="row" style={{ marginTop: 8 }}>
                  <div className="legend">
                    <span>
                      <b className="strong" style={{ color: "var(--accent)" }}>↑</b> entry
                    </span>
                    <span>
                      <b className="gain">↓</b> exit at a gain
                    </span>
                    <span>
                      <b className="loss">■</b> exit at a loss
                    </span>
                  </div>
                  {regimes && <RegimeLegend chart={data} />}
                </div>
              </>
            )}
          </Shown>
        )}
      </Card>
      {chart.data && (
        <Card title="Entries and exits" flush>
          {chart.data.markers.length ? (
            <DataTable
              label="Entries and exits"
              rows={chart.data.markers}
              columns={COLUMNS}
              keyOf={(row) => `${row.at}${row.kind}${row.position_id}`}
              sort={[{ id: "at", desc: true }]}
            />
          ) : (
            <Empty title="Nothing was traded on it in this span" />
          )}
        </Card>
      )}
    </>
  );
}

function Switch({ name, on, put }: { name: string; on: boolean; put: (on: boolean) => void }): ReactNode {
  return (
    <label className="row" style={{ gap: 5 }}>
      <input type="checkbox" checked={on} onChange={(event) => put(event.target.checked)} />
      {name}
    </label>
  );
}

const COLUMNS: Column<Chart["markers"][number]>[] = [
  { id: "at", head: "When", phone: 1, by: (row) => row.at, cell: (row) => instant(row.at) },
  {
    id: "kind",
    head: "What",
    phone: 2,
    by: (row) => row.kind,
    cell: (row) => <Badge quiet kind={row.kind === "entry" ? "accent" : row.kind === "exit" ? "gain" : "loss"}>{row.kind}</Badge>,
  },
  { id: "text", head: "Told", by: (row) => row.text, cell: (row) => sentence(row.text).replace(/ -(?=\d)/, " −") },
  {
    id: "profit",
    head: "P&L",
    phone: 3,
    num: true,
    by: (row) => row.profit_cents,
    cell: (row) => signedMoney(row.profit_cents),
    tone: (row) => tone(row.profit_cents),
  },
  { id: "story", head: "Story", cell: (row) => <a href={link("orders", "trade", row.position_id)}>Why</a> },
];
