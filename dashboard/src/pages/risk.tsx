import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answered, api } from "../api/client";
import type { LimitUse, Risk } from "../api/documents";
import { day, instant, money, number, percent, sentence, signedMoney, signedPercent, tone } from "../format";
import { Act } from "../parts/act";
import { Heat } from "../parts/heat";
import { Badge, Card, Empty, Meter, PageHead, Shown, Tile } from "../parts/parts";
import { type Column, DataTable } from "../parts/table";

export default function RiskPage(): ReactNode {
  const risk = useQuery({
    queryKey: ["risk"],
    staleTime: 20_000,
    queryFn: async () => (await answered(api.GET("/api/v1/risk"))) as unknown as Risk,
  });
  return (
    <>
      <PageHead title="Risk">{risk.data && `The book as it stands, valued ${instant(risk.data.as_of)}`}</PageHead>
      <Shown query={risk} height={420}>
        {(data) => <All risk={data} />}
      </Shown>
    </>
  );
}

function All({ risk }: { risk: Risk }): ReactNode {
  const atRisk = risk.value_at_risk;
  return (
    <>
      {risk.warnings.map((one) => (
        <p className="notice warn" key={one.code + one.text}>
          {one.text}
        </p>
      ))}
      <dl className="tiles">
        {atRisk.known ? (
          <>
            <Tile name="Value at risk, 1 day" value={money(100 * Math.max(atRisk.historical, atRisk.delta_gamma_vega))} note={`${percent(atRisk.confidence)} of ${atRisk.sessions} sessions`} />
            <Tile name="Worst session" value={money(-100 * atRisk.worst)} tone="loss" note={atRisk.worst_day ? `as on ${day(atRisk.worst_day, true)}` : ""} />
          </>
        ) : (
          <Tile name="Value at risk" value="unknown" note={atRisk.unknown} />
        )}
        {risk.stress && (
          <Tile
            name="Worst of the grid"
            value={signedMoney(100 * risk.stress.worst.profit)}
            tone={tone(risk.stress.worst.profit)}
            note={`${signedPercent(risk.stress.worst.spot, 0)}, vol ${signedPercent(risk.stress.worst.volatility, 0)}`}
          />
        )}
        <Tile name="Margin" value={money(100 * risk.margin)} note={risk.equity > 0 ? `${percent(risk.margin / risk.equity)} of equity` : ""} />
        <Tile name="Breakers" value={risk.breakers.length || "none"} tone={risk.breakers.length ? "loss" : ""} note="tripped now" />
      </dl>
      <div className="grid two">
        <Card title="Limits">
          {[...risk.limits].sort((a, b) => (b.share ?? 0) - (a.share ?? 0)).map((one) => (
            <Meter key={one.name + one.of} name={limitName(one, risk.positions)} share={one.share ?? 0} value={`${used(one.used, one.unit)} of ${used(one.limit, one.unit)}`} />
          ))}
        </Card>
        <div className="grid">
          <Stress risk={risk} />
          <Card title="Breakers and frozen symbols" flush>
            {risk.breakers.length + Object.keys(risk.frozen).length ? (
              <ul className="lines">
                {risk.breakers.map((one) => (
                  <li key={one.breaker + one.scope}>
                    <Badge kind="loss" quiet>{sentence(one.breaker)}</Badge>
                    <span>{one.scope || "the account"}</span>
                    <span className="soft">
                      since {instant(one.since)}
                      {one.until ? ` until ${instant(one.until)}` : ", until a person looks"}: {one.detail}
                    </span>
                  </li>
                ))}
                {Object.entries(risk.frozen).map(([symbol, why]) => (
                  <li key={symbol}>
                    <Badge kind="warn" quiet>frozen</Badge>
                    <b>{symbol}</b>
                    <span className="row">
                      <span className="soft">{why}</span>
                      <Act
                        small
                        name="Release…"
                        question={`Trade ${symbol} again?`}
                        explanation="Say so only when you have looked at it: it was frozen because something did not add up."
                        confirm="I have looked; release it"
                        told="Asked for."
                        act={() =>
                          answered(
                            api.POST("/api/v1/symbols/{symbol}/release", {
                              params: { path: { symbol } },
                              body: { reason: "looked at on the page" },
                            }),
                          )
                        }
                      />
                    </span>
                  </li>
                ))}
              </ul>
            ) : (
              <Empty title="Nothing tripped">Breakers stop new orders by themselves when a loss or a fault goes too far.</Empty>
            )}
          </Card>
        </div>
      </div>
      <Card title="Days that happened" flush>
        {risk.shocks.length ? (
          <DataTable label="The book on days that happened" rows={risk.shocks} columns={SHOCKS} keyOf={(row) => row.name} />
        ) : (
          <Empty title="Nothing is held that could be shaken" />
        )}
      </Card>
    </>
  );
}

function Stress({ risk }: { risk: Risk }): ReactNode {
  const [at, setAt] = useState(0);
  const { stress } = risk;
  return (
    <Card
      title="Stress · price × volatility"
      aside={
        stress && (
          <select className="select" aria-label="Days later" value={at} onChange={(event) => setAt(Number(event.target.value))}>
            {stress.days.map((days, n) => (
              <option key={days} value={n}>
                {days === 0 ? "at once" : `${days} ${days === 1 ? "day" : "days"} later`}
              </option>
            ))}
          </select>
        )
      }
    >
      {stress ? (
        <Grid stress={stress} at={at} />
      ) : (
        <Empty title="No grid">The book is empty, or something in it cannot be revalued.</Empty>
      )}
    </Card>
  );
}

function Grid({ stress, at }: { stress: NonNullable<Risk["stress"]>; at: number }): ReactNode {
  const profit = stress.profit[at] ?? [];
  const value = (v: number, s: number): number | null => profit[v]?.[s] ?? null;
  const volatilities = stress.volatilities.map((_, n) => n).reverse();
  return (
    <Heat
      label="Profit of the book by move of price and volatility, dollars"
      corner="IV"
      columns={stress.spots.map((move) => (move === 0 ? "now" : `${move > 0 ? "+" : "−"}${Math.abs(Math.round(100 * move))}%`))}
      rows={volatilities.map((n) => signedPercent(stress.volatilities[n], 0))}
      values={volatilities.map((v) => stress.spots.map((_, s) => value(v, s)))}
      text={(amount) => (Math.abs(amount) < 0.5 ? "0" : Math.abs(amount) >= 1000 ? `${amount < 0 ? "−" : "+"}${number(Math.abs(amount) / 1000, 1)}k` : `${amount < 0 ? "−" : "+"}${number(Math.abs(amount), 0)}`)}
      scale="signed"
      roomy
      cell={46}
      now={at === 0 ? { row: volatilities.findIndex((n) => stress.volatilities[n] === 0), column: stress.spots.indexOf(0) } : undefined}
    />
  );
}

const NAMES: Record<string, string> = {
  "limits.max_positions": "Positions",
  "limits.max_new_per_day": "Opened today",
  "limits.max_per_underlying": "On one underlying",
  "limits.max_per_strategy": "Of one strategy",
  "limits.max_loss_per_trade": "Loss of one trade",
  "limits.max_margin_per_trade": "Margin of a naked trade",
  "limits.max_at_risk": "Capital at risk",
  "limits.max_margin": "Margin",
  "governor.daily_loss": "Loss today",
  "governor.day_drawdown": "Fall from today's high",
  "governor.position_loss": "Loss of one position",
  "governor.position_loss_premiums": "Loss against its premium",
  "governor.max_sector": "One sector",
  "governor.max_correlation": "Correlation of two",
  "governor.max_notional": "Notional of one position",
  "governor.loss_streak": "Losses of one strategy in a row",
  "governor.strategy_drawdown": "Fall of one strategy",
  "governor.errors": "Errors of broker and data",
  "governor.rejections": "Rejections in a row",
  "governor.max_value_at_risk": "Value at risk",
  "governor.max_delta": "Delta",
  "governor.max_gamma": "Gamma",
  "governor.max_vega": "Vega",
};

function limitName(one: LimitUse, held: Risk["positions"]): string {
  const of = held.find((each) => each.position_id === one.of)?.structure ?? one.of.replace(/_/g, " ");
  return `${NAMES[one.name] ?? sentence(one.name.split(".").at(-1) ?? one.name)}${of ? ` · ${of}` : ""}`;
}

function used(value: number | null, unit: string): string {
  if (value === null) return "–";
  if (unit === "count") return String(Math.round(value));
  if (unit === "dollars") return money(100 * value);
  return number(value);
}

const SHOCKS: Column<Risk["shocks"][number]>[] = [
  { id: "name", head: "Day", by: (row) => row.name, cell: (row) => <b className="strong">{row.name}</b> },
  { id: "title", head: "What happened", prose: true, cell: (row) => sentence(row.title).replace(/s&p/gi, "S&P").replace(/\bvix\b/gi, "VIX").replace(/-(?=\d+(\.\d+)? %)/g, "−").replace(/ %/g, "%") },
  { id: "profit", head: "P&L", num: true, by: (row) => row.profit, cell: (row) => signedMoney(100 * row.profit), tone: (row) => tone(row.profit) },
  { id: "share", head: "Of equity", num: true, by: (row) => row.of_equity, cell: (row) => signedPercent(row.of_equity), tone: (row) => tone(row.of_equity) },
];
