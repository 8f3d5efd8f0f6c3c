import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answered, api } from "../api/client";
import type { Opportunity, Scan } from "../api/documents";
import { payoffOf } from "../charts/at-expiry";
import { PayoffChart } from "../charts/payoff";
import { instant, money, number, percent, sentence, signedMoney, tone, words } from "../format";
import { Because } from "../parts/because";
import { Card, Empty, GradeBadge, PageHead, Shown, Trouble } from "../parts/parts";
import { Progress } from "../parts/progress";
import { type Column, DataTable } from "../parts/table";
import { over, useJob } from "../state/jobs";
import { useStrategies, useSymbols } from "../state/queries";
import { useMay } from "../state/session";

const keyOf = (one: Opportunity): string => `${one.underlying} ${one.strategy} ${legsOf(one)}`;

export function legsOf(one: Opportunity): string {
  return one.legs.map((leg) => `${leg.ratio > 0 ? "+" : "−"}${Math.abs(leg.ratio) > 1 ? `${Math.abs(leg.ratio)}×` : ""}${leg.strike}${leg.right}`).join(" ");
}

export default function Scanner(): ReactNode {
  const [id, setId] = useState<string>();
  const [trouble, setTrouble] = useState<unknown>(null);
  const [picked, setPicked] = useState<string>();
  const may = useMay("trade");
  const job = useJob(id);
  const done = job.data?.state === "done";
  const last = useQuery({ queryKey: ["scan", done ? id : ""], queryFn: async () => (await answered(api.GET("/api/v1/scan"))) ?? { result: null } });
  const busy = id !== undefined && !(job.data && over(job.data)) && !job.error;
  const symbols = useSymbols().data?.["chains"] ?? [];
  const strategies = useStrategies().data?.items ?? [];
  const [symbol, setSymbol] = useState("");
  const [strategy, setStrategy] = useState("");
  const begin = async (): Promise<void> => {
    setTrouble(null);
    try {
      const body = { strategies: strategy ? [strategy] : [], underlyings: symbol ? [symbol] : [] };
      setId((await answered(api.POST("/api/v1/scan", { body }))).job_id);
    } catch (error) {
      setTrouble(error);
    }
  };
  return (
    <>
      <div className="row">
        <PageHead title="Scanner">What every strategy would open now, best first, and why not the rest</PageHead>
        <span className="spacer" />
        <select className="select" aria-label="Underlying" value={symbol} onChange={(event) => setSymbol(event.target.value)}>
          <option value="">Every underlying</option>
          {symbols.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select className="select" aria-label="Strategy" value={strategy} onChange={(event) => setStrategy(event.target.value)}>
          <option value="">Every strategy</option>
          {strategies.map((one) => (
            <option key={one.name} value={one.name}>
              {sentence(one.name)}
            </option>
          ))}
        </select>
        <button type="button" className="button primary" disabled={busy || !may} onClick={() => void begin()} title={may ? "" : "This takes the scope “trade”"}>
          {busy ? "Scanning…" : "Scan now"}
        </button>
      </div>
      {trouble !== null && <Trouble error={trouble} />}
      <Progress job={job.data} />
      <Shown query={last} height={260}>
        {(found) => {
          const scan = found.result as unknown as Scan | null | undefined;
          if (!scan)
            return (
              <Card title="Opportunities">
                <Empty title="No scan yet">A scan asks every strategy what it would open on the latest chains. It opens nothing, and takes a few seconds for each underlying.</Empty>
              </Card>
            );
          const chosen = scan.opportunities.find((one) => keyOf(one) === picked) ?? scan.opportunities[0];
          return (
            <>
              <Card
                title="Opportunities"
                flush
                aside={
                  <>
                    {instant(scan.as_of)} {scan.grade && <GradeBadge grade={scan.grade} />}
                  </>
                }
              >
                {scan.opportunities.length ? (
                  <DataTable label="Opportunities" rows={scan.opportunities} columns={COLUMNS} keyOf={keyOf} picked={chosen && keyOf(chosen)} onPick={(one) => setPicked(keyOf(one))} />
                ) : (
                  <Empty title="Nothing is worth opening">The reasons stand below.</Empty>
                )}
              </Card>
              <div className="grid wide-narrow">
                {chosen && (
                  <Card title={`${chosen.underlying} ${words(chosen.structure)} ${legsOf(chosen)}`} aside={words(chosen.strategy)}>
                    <AtExpiry one={chosen} />
                    <h3 className="part">Why it was seen</h3>
                    <Because because={chosen.because} />
                  </Card>
                )}
                <Card title="Turned away" flush>
                  <DataTable
                    label="Why candidates were turned away"
                    rows={Object.entries(scan.denied).map(([code, count]) => ({ code, count }))}
                    columns={DENIED}
                    keyOf={(row) => row.code}
                    sort={[{ id: "count", desc: true }]}
                  />
                </Card>
              </div>
            </>
          );
        }}
      </Shown>
    </>
  );
}

function AtExpiry({ one }: { one: Opportunity }): ReactNode {
  const payoff = payoffOf(one);
  if (!payoff) return <p className="soft">Its legs expire on different days: what it comes to takes a model, and is drawn once it is held.</p>;
  return (
    <>
      <PayoffChart payoff={payoff} height={250} label={`Profit of one ${words(one.structure)} at expiry`} />
      <p className="soft fine">
        One unit at expiry, before fees: most {payoff.max_profit_cents === null ? "unbounded" : signedMoney(payoff.max_profit_cents)}, worst{" "}
        {payoff.max_loss_cents === null ? "unbounded" : signedMoney(-Math.abs(payoff.max_loss_cents))}.
      </p>
    </>
  );
}

const DENIED: Column<{ code: string; count: number }>[] = [
  { id: "code", head: "Reason", prose: true, by: (row) => row.code, cell: (row) => sentence(row.code) },
  { id: "count", head: "Candidates", num: true, by: (row) => row.count, cell: (row) => row.count },
];

const COLUMNS: Column<Opportunity>[] = [
  { id: "score", head: "Score", num: true, by: (row) => row.score, cell: (row) => <b className="strong">{number(row.score, 0)}</b> },
  { id: "symbol", phone: 1, head: "Symbol", by: (row) => row.underlying, cell: (row) => row.underlying },
  { id: "what", phone: 2, head: "Structure", by: (row) => row.structure, cell: (row) => (<>{sentence(row.structure)} <span className="soft">{legsOf(row)}</span></>) },
  { id: "dte", head: "DTE", num: true, by: (row) => Number(row.because["dte"] ?? 0), cell: (row) => number(Number(row.because["dte"]), 0) },
  { id: "qty", head: "Qty", title: "Units for this account", num: true, by: (row) => row.quantity, cell: (row) => row.quantity },
  { id: "credit", phone: 3, head: "Credit", title: "Received for one unit; paid if negative", num: true, by: (row) => row.credit, cell: (row) => signedMoney(100 * row.credit) },
  { id: "loss", head: "Max loss", num: true, by: (row) => row.max_loss, cell: (row) => (row.max_loss === null ? "unbounded" : money(100 * row.max_loss)) },
  { id: "odds", head: "Profit in", title: "Probability of profit", num: true, by: (row) => row.probability_of_profit, cell: (row) => percent(row.probability_of_profit) },
  { id: "edge", head: "Expects", title: "Expected dollars of one unit after costs", num: true, by: (row) => row.edge, cell: (row) => signedMoney(100 * row.edge), tone: (row) => tone(row.edge) },
  { id: "rank", head: "IV rank", num: true, by: (row) => row.iv_rank, cell: (row) => percent(row.iv_rank) },
  { id: "grade", head: "Data", by: (row) => row.grade, cell: (row) => <GradeBadge grade={row.grade} /> },
];
