import { type ReactNode, useDeferredValue, useState } from "react";
import { answered, api } from "../api/client";
import type { Leg, Position } from "../api/types";
import { PayoffChart, PayoffNotes } from "../charts/payoff";
import { day, instant, money, number, percent, sentence, signed, signedMoney, tone } from "../format";
import { type Column, DataTable } from "../parts/table";
import { PositionTable, strikesOf } from "../parts/position-table";
import { AT_ANY_PRICE, Act } from "../parts/act";
import { Because } from "../parts/because";
import { Card, Empty, GradeBadge, PageHead, Shown, StateBadge, Tile } from "../parts/parts";
import { go, link } from "../route";
import { usePayoff, usePositions, useStrategies } from "../state/queries";

export default function Positions({ rest }: { rest: string[] }): ReactNode {
  const positions = usePositions();
  const held = positions.data?.items ?? [];
  const selected = held.find((one) => one.position_id === rest[0]) ?? held[0];
  return (
    <>
      <div className="row">
        <PageHead title="Positions">{held.length > 0 && `${held.length} held or on their way`}</PageHead>
        <span className="spacer" />
        {held.length > 0 && (
          <Act
            name="Close everything…"
            question="Close everything?"
            explanation={`All ${held.length} positions are closed as fast as the rules for exits allow, and nothing new is opened meanwhile. Crossing every spread costs money.`}
            confirm="Close everything"
            told="Asked for. The trading process takes it up at its next look."
            choice={AT_ANY_PRICE}
            act={(force) => answered(api.POST("/api/v1/control/flatten", { body: { reason: "asked on the page", underlying: "", force } }))}
          />
        )}
      </div>
      <Card title="Held" flush>
        <Shown query={positions}>
          {(data) =>
            data.items.length ? (
              <PositionTable positions={data.items} picked={selected?.position_id} onPick={(one) => go("positions", one.position_id)} />
            ) : (
              <Empty title="Nothing is held">
                What is opened appears here at the next tick. Closed trades are under <a href={link("orders")}>Orders &amp; audit</a>.
              </Empty>
            )
          }
        </Shown>
      </Card>
      {selected && <One key={selected.position_id} position={selected} />}
    </>
  );
}

function One({ position }: { position: Position }): ReactNode {
  return (
    <>
      <div className="grid wide-narrow">
        <div className="grid" style={{ alignContent: "start" }}>
          <Explorer position={position} />
          <Card title="Legs" flush>
            <DataTable label="Legs" rows={position.legs} columns={LEGS} keyOf={(leg) => leg.instrument} />
          </Card>
        </div>
        <div className="grid" style={{ alignContent: "start" }}>
          <Card
            title="Now"
            aside={
              <>
                <StateBadge state={position.state} />
                <GradeBadge grade={position.grade} />
              </>
            }
          >
            <Figures position={position} />
          </Card>
          <Actions position={position} />
        </div>
      </div>
      <Card title="Why it was opened" aside={<a href={link("signals", position.signal_id)}>Its signal</a>}>
        <Because because={position.because} />
      </Card>
    </>
  );
}

const LEGS: Column<Leg>[] = [
  {
    id: "side",
    head: "Side",
    cell: (leg) => (
      <b className="strong">
        {leg.quantity > 0 ? "Long" : "Short"} {Math.abs(leg.quantity)}
      </b>
    ),
  },
  {
    id: "what",
    head: "What",
    cell: (leg) =>
      leg.strike === null || leg.strike === undefined ? "shares" : `${leg.strike} ${leg.right === "P" ? "put" : "call"}`,
  },
  { id: "expiration", head: "Expires", cell: (leg) => day(leg.expiration, true) },
  { id: "bid", head: "Bid", num: true, cell: (leg) => price(leg.bid_cents) },
  { id: "ask", head: "Ask", num: true, cell: (leg) => price(leg.ask_cents) },
  { id: "iv", head: "IV", title: "Implied volatility", num: true, cell: (leg) => percent(leg.iv, 1) },
  { id: "delta", head: "Δ", title: "Delta of one contract", num: true, cell: (leg) => signed(leg.delta, 2) },
];

function price(cents: number | null | undefined): string {
  return cents === null || cents === undefined ? "no quote" : number(cents / 100);
}

function Figures({ position }: { position: Position }): ReactNode {
  const greeks = position.greeks;
  return (
    <dl className="tiles" style={{ gridTemplateColumns: "repeat(2, minmax(0, 1fr))" }}>
      <Tile name="P&L at mid" value={signedMoney(position.profit_mid_cents)} tone={tone(position.profit_mid_cents)} />
      <Tile name="P&L at exit" value={signedMoney(position.profit_exit_cents)} tone={tone(position.profit_exit_cents)} />
      <Tile
        name={position.entry_cents < 0 ? "Received" : "Paid"}
        value={money(Math.abs(position.entry_cents))}
        note={`opened ${day(position.opened_at)}`}
      />
      <Tile
        name="Max loss"
        value={position.max_loss_cents === null ? "unbounded" : money(position.max_loss_cents)}
        note={`before fees; margin ${money(position.margin_cents)}`}
      />
      <Tile name="Δ / Γ" value={signed(greeks?.delta)} note={`gamma ${signed(greeks?.gamma, 2)}`} />
      <Tile name="Θ / Vega" value={signed(greeks?.theta)} note={`vega ${signed(greeks?.vega)}`} />
    </dl>
  );
}

function Explorer({ position }: { position: Position }): ReactNode {
  const longest = Math.max(1, position.days ?? 30);
  const [days, setDays] = useState(Math.floor(longest / 2));
  const [shift, setShift] = useState(0);
  const payoff = usePayoff(position.position_id, useDeferredValue(days), useDeferredValue(shift) / 100);
  const told = `${days === 0 ? "Now" : `In ${days} days`}${shift ? `, IV ${signed(shift, 0)}` : ""}`;
  return (
    <Card title={`${sentence(position.structure)} ${position.underlying} ${strikesOf(position)}`} aside={`${position.strategy} · ${instant(position.opened_at)}`}>
      <Shown query={payoff} height={400}>
        {(data) => (
          <>
            <PayoffChart payoff={data} height={340} shifted={told} label={`Profit of ${position.describe} over prices`} />
            <div className="grid two" style={{ marginTop: 12 }}>
              <label className="range">
                Day
                <input type="range" aria-label="Day" min={0} max={longest} value={days} onChange={(event) => setDays(Number(event.target.value))} />
                <output>{days === 0 ? "today" : `+${days} days`}</output>
              </label>
              <label className="range">
                Volatility
                <input type="range" aria-label="Volatility" min={-15} max={30} value={shift} onChange={(event) => setShift(Number(event.target.value))} />
                <output>{signed(shift, 0)} points</output>
              </label>
            </div>
            <PayoffNotes payoff={data} />
          </>
        )}
      </Shown>
    </Card>
  );
}

/** A position that nobody here opened: which strategy is to manage it. */
function Claim({ position }: { position: Position }): ReactNode {
  const strategies = useStrategies();
  const [strategy, setStrategy] = useState("");
  const names = strategies.data?.items.map((one) => one.name) ?? [];
  const chosen = strategy || names[0] || "";
  return (
    <Act
      name="Have a strategy manage it…"
      question={`Who is to manage ${position.describe}?`}
      explanation={
        <>
          Nobody here opened it, so nobody closes it. The strategy that takes it over manages its exits from now on; it must be one of the run.
          <label className="field" style={{ marginTop: 10 }}>
            Strategy
            <input className="select" list="claimants" value={strategy} placeholder={names[0]} onChange={(event) => setStrategy(event.target.value)} />
            <datalist id="claimants">
              {names.map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </label>
        </>
      }
      confirm="Let it manage it"
      told="Asked for. The trading process takes it up at its next look."
      act={() =>
        answered(api.POST("/api/v1/positions/{position_id}/claim", { params: { path: { position_id: position.position_id } }, body: { strategy: chosen } }))
      }
    />
  );
}

function Actions({ position }: { position: Position }): ReactNode {
  return (
    <Card title="Act">
      <div className="row">
        <Act
          name="Close this position…"
          question={`Close ${position.describe}?`}
          explanation={`${position.quantity} ${position.quantity === 1 ? "unit" : "units"}, ${signedMoney(position.profit_exit_cents)} at exit prices now. What it comes to depends on the fill.`}
          confirm="Close it"
          told="Asked for. The trading process takes it up at its next look."
          disabled={position.state !== "open"}
          choice={AT_ANY_PRICE}
          act={(force) =>
            answered(
              api.POST("/api/v1/positions/{position_id}/close", {
                params: { path: { position_id: position.position_id } },
                body: { reason: "asked on the page", force },
              }),
            )
          }
        />
        {position.state === "external" && <Claim position={position} />}
        <a className="button plain" href={link("orders", "trade", position.position_id)}>
          Its whole story
        </a>
      </div>
    </Card>
  );
}
