import { type ReactNode, useState } from "react";
import type { Account, Position, Status } from "../api/types";
import { EquityChart } from "../charts/equity";
import { PayoffChart, PayoffNotes } from "../charts/payoff";
import { PriceChart, RegimeLegend } from "../charts/price";
import { ageOf, day, duration, instant, money, percent, sentence, signed, signedMoney, signedPercent, tone } from "../format";
import { PositionTable, strikesOf } from "../parts/position-table";
import { Card, Empty, GradeBadge, Meter, Shown, Tile } from "../parts/parts";
import { SurfaceHeat } from "../parts/surface";
import { link } from "../route";
import { useConnection } from "../state/connection";
import { useAccount, useChart, useEquity, usePayoff, usePositions, useStatus, useSymbols, useVolatility } from "../state/queries";

const CHART = { regimes: true, levels: false, volume: false, texts: true };

export default function Overview(): ReactNode {
  const account = useAccount();
  const equity = useEquity();
  const positions = usePositions();
  const status = useStatus();
  const symbols = useSymbols();
  const [picked, setPicked] = useState<string>();
  const held = positions.data?.items ?? [];
  const selected = held.find((one) => one.position_id === picked) ?? held[0];
  const symbol = selected?.underlying ?? symbols.data?.["chains"]?.[0] ?? symbols.data?.["bars"]?.[0];
  const chart = useChart(symbol, 160);
  const volatility = useVolatility(symbol, 0, false);
  return (
    <>
      <h1 className="hidden-visually">Overview</h1>
      <Shown query={account} height={84}>
        {(data) => <Figures account={data} />}
      </Shown>
      <div className="grid wide-narrow">
        <Card title={`${symbol ?? "Prices"} · daily · trades`} aside={chart.data && <RegimeLegend chart={chart.data} />}>
          {symbol === undefined && symbols.isSuccess ? (
            <NoData />
          ) : (
            <Shown query={chart} height={330}>
              {(data) => <PriceChart chart={data} options={CHART} height={320} visible={90} />}
            </Shown>
          )}
        </Card>
        <Payoff position={selected} waiting={positions.isPending} />
      </div>
      <div className="grid wide-narrow">
        <Card
          title="Positions"
          flush
          aside={
            <>
              {held.length > 0 && <span>{held.length} held · {profitOf(held)}</span>}
              <a href={link("positions")}>All about them</a>
            </>
          }
        >
          <Shown query={positions}>
            {(data) =>
              data.items.length ? (
                <PositionTable brief positions={data.items} picked={selected?.position_id} onPick={(one) => setPicked(one.position_id)} />
              ) : (
                <Empty title="Nothing is held">
                  Positions appear here when a strategy opens them. <a href={link("scanner")}>See what a scan would find</a>
                </Empty>
              )
            }
          </Shown>
        </Card>
        <Card
          title={`${symbol ?? ""} implied volatility`}
          aside={
            volatility.data && (
              <>
                <GradeBadge grade={volatility.data.grade} />
                <a href={link("volatility", volatility.data.symbol)}>More</a>
              </>
            )
          }
        >
          {symbol === undefined && symbols.isSuccess ? (
            <NoData />
          ) : (
            <Shown query={volatility} height={220}>
              {(data) => <SurfaceHeat view={data} every={2} roomy />}
            </Shown>
          )}
        </Card>
      </div>
      <div className="grid wide-narrow">
        <Card title="Equity" aside={<EquityAside />}>
          <Shown query={equity} height={260}>
            {(data) =>
              data.items.length > 1 ? (
                <EquityChart curve={data.items} height={250} />
              ) : (
                <Empty title="No history yet">The curve begins with the second valuation of the account.</Empty>
              )
            }
          </Shown>
        </Card>
        <div className="grid">
          <Card title="Limits" aside={<a href={link("risk")}>All limits</a>}>
            <Shown query={account}>{(data) => <Limits account={data} />}</Shown>
          </Card>
          <Card title="Health">
            <Shown query={status}>{(data) => <Health status={data} />}</Shown>
          </Card>
        </div>
      </div>
    </>
  );
}

/** What all held together came to at mid; positions that nobody could price are counted, not taken as nothing. */
function profitOf(held: readonly Position[]): string {
  const known = held.flatMap((one) => one.profit_mid_cents ?? []);
  const total = signedMoney(known.length > 0 ? known.reduce((before, one) => before + one, 0) : null);
  return `P&L at mid ${total}${known.length < held.length ? ` of ${known.length} with a price` : ""}`;
}

function NoData(): ReactNode {
  return (
    <Empty title="No market data yet">
      Import some with <code>strikewise data import PATH</code>, or try <code>strikewise demo</code>.
    </Empty>
  );
}

function EquityAside(): ReactNode {
  return (
    <div className="legend">
      <span>
        <i style={{ borderColor: "var(--accent)" }} /> at mid
      </span>
      <span>
        <i className="dashed" style={{ borderColor: "var(--soft)" }} /> if all were closed now
      </span>
      <span>falls leave out deposits and withdrawals</span>
    </div>
  );
}

function Figures({ account }: { account: Account }): ReactNode {
  const { greeks } = account;
  const equity = account.equity_mid_cents;
  const before = equity - account.day_profit_cents;
  return (
    <dl className="tiles">
      <Tile name="Net liquidation" value={money(equity)} note={`${money(account.equity_exit_cents)} at exit prices`} />
      <Tile
        name="Day P&L"
        value={signedMoney(account.day_profit_cents)}
        tone={tone(account.day_profit_cents)}
        note={account.at === null ? "never valued" : `${before > 0 ? `${signedPercent(account.day_profit_cents / before, 2)} ` : ""}on ${day(account.at)}`}
      />
      <Tile
        name="Total P&L"
        value={signedMoney(account.total_profit_cents)}
        tone={tone(account.total_profit_cents)}
        note={`cash ${money(account.cash_cents)}`}
      />
      <Tile name="Net delta" value={signed(greeks.delta, 0)} note={`gamma ${signed(greeks.gamma, 2)}`} />
      <Tile name="Theta / day" value={signedMoney(100 * greeks.theta)} tone={tone(greeks.theta)} note="time decay" />
      <Tile name="Vega" value={signedMoney(100 * greeks.vega)} tone={tone(greeks.vega)} note="per vol point" />
      <Tile
        name="Buying power used"
        value={percent(account.buying_power_used)}
        note={`${money(account.at_risk_cents)} at risk`}
      />
    </dl>
  );
}

function Payoff({ position, waiting }: { position: Position | undefined; waiting: boolean }): ReactNode {
  const half = Math.floor((position?.days ?? 0) / 2);
  const payoff = usePayoff(position?.position_id, half, 0);
  const title = position ? `${sentence(position.structure)} ${position.underlying} ${strikesOf(position)}` : "Payoff";
  return (
    <Card title={title} aside={position && <a href={link("positions", position.position_id)}>Explore</a>}>
      {position ? (
        <Shown query={payoff} height={330}>
          {(data) => (
            <>
              <PayoffChart
                payoff={data}
                height={286}
                shifted={`In ${Math.round(data.days)} days`}
                label={`Profit of ${position.describe} over prices of ${position.underlying}: at most ${money(data.max_profit_cents)}, at worst ${signedMoney(data.max_loss_cents === null ? null : -data.max_loss_cents)}`}
              />
              <PayoffNotes payoff={data} />
            </>
          )}
        </Shown>
      ) : waiting ? null : (
        <Empty title="No position to draw">The payoff of what you select in the table stands here.</Empty>
      )}
    </Card>
  );
}

function Limits({ account }: { account: Account }): ReactNode {
  if (account.limits.length === 0) return <Empty title="Not valued yet">Limits are measured at the first valuation.</Empty>;
  return (
    <>
      {account.limits.map((one) => (
        <Meter
          key={one.name}
          name={sentence(one.name)}
          share={one.share}
          value={
            /position/.test(one.name) ? `${one.used} of ${one.limit}` : `${percent(one.used)} of ${percent(one.limit)}`
          }
        />
      ))}
    </>
  );
}

function Health({ status }: { status: Status }): ReactNode {
  const { connection } = useConnection();
  const age = ageOf(status);
  const beat = status.heartbeat_at === null ? null : (new Date(status.now).getTime() - new Date(status.heartbeat_at).getTime()) / 1000;
  return (
    <div className="grid two" style={{ gap: 8 }}>
      <Lamp name="Process" good={status.running} words={status.running ? `${status.phase || "running"}, beat ${duration(beat)} ago` : "none runs"} />
      <Lamp name="Broker" good={status.connected} words={status.connected ? status.broker : status.running ? "not reachable" : "not connected"} />
      <Lamp
        name="Data"
        good={age !== null && age < 86_400}
        words={age === null ? "none" : `${duration(age)} old`}
      />
      <Lamp
        name="Reconciled"
        good={status.reconciled_at !== null && status.reconciliation_open === 0}
        words={status.reconciliation_open ? `${status.reconciliation_open} open` : instant(status.reconciled_at)}
      />
      <Lamp name="Orders" good={status.unresolved_orders === 0} words={status.unresolved_orders ? `${status.unresolved_orders} unresolved` : `${status.orders} working`} />
      <Lamp name="Stream" good={connection === "open"} words={connection === "open" ? `fact ${status.ledger_seq}` : connection} />
      <Lamp
        name="Breakers"
        good={status.breakers.length === 0}
        words={status.breakers.length ? status.breakers.map((one) => sentence(one.breaker)).join(", ") : "none tripped"}
      />
    </div>
  );
}

function Lamp({ name, good, words }: { name: string; good: boolean; words: string }): ReactNode {
  return (
    <span className={`light ${good ? "good" : "warn"}`}>
      <i aria-hidden="true" />
      <b>{name}</b>
      <span style={{ overflow: "hidden", textOverflow: "ellipsis" }}>
        <span className="hidden-visually">{good ? "good: " : "look: "}</span>
        {words}
      </span>
    </span>
  );
}
