import { type ReactNode } from "react";
import type { Position } from "../api/types";
import { money, number, sentence, signed, signedMoney, tone } from "../format";
import { type Column, DataTable } from "./table";
import { GradeBadge, StateBadge } from "./parts";

/** The legs of a structure as traders say them: without the underlying and what it is called. */
export function strikesOf(position: { describe: string }): string {
  return position.describe.split(" ").at(-1) ?? position.describe;
}

const COLUMNS: Column<Position>[] = [
  {
    id: "underlying",
    head: "Symbol",
    phone: 1,
    by: (row) => row.underlying,
    cell: (row) => <b className="strong">{row.underlying}</b>,
  },
  {
    id: "structure",
    head: "Structure",
    phone: 2,
    by: (row) => row.structure,
    cell: (row) => (
      <>
        {sentence(row.structure)} <span className="soft">{strikesOf(row)}</span>
      </>
    ),
  },
  { id: "days", head: "DTE", title: "Calendar days to the first expiration", num: true, by: (row) => row.days, cell: (row) => row.days ?? "–" },
  { id: "quantity", head: "Qty", num: true, by: (row) => row.quantity, cell: (row) => row.quantity },
  {
    id: "mid",
    head: "Mid",
    title: "What a share of one unit costs to close, at mid",
    num: true,
    by: (row) => row.mid_cents,
    cell: (row) => (row.mid_cents === null ? "–" : number(Math.abs(row.mid_cents) / row.quantity / 10_000)),
  },
  {
    id: "profit",
    head: "P&L mid",
    phone: 3,
    title: "Profit or loss at middle prices",
    num: true,
    by: (row) => row.profit_mid_cents,
    cell: (row) => signedMoney(row.profit_mid_cents),
    tone: (row) => tone(row.profit_mid_cents),
  },
  {
    id: "exit",
    head: "P&L exit",
    title: "Profit or loss if it were closed now, at exit prices",
    num: true,
    by: (row) => row.profit_exit_cents,
    cell: (row) => signedMoney(row.profit_exit_cents),
    tone: (row) => tone(row.profit_exit_cents),
  },
  { id: "delta", head: "Δ", title: "Delta, dollars per dollar", num: true, by: (row) => row.greeks?.delta ?? null, cell: (row) => signed(row.greeks?.delta) },
  { id: "gamma", head: "Γ", title: "Gamma", num: true, by: (row) => row.greeks?.gamma ?? null, cell: (row) => signed(row.greeks?.gamma, 2) },
  { id: "theta", head: "Θ", title: "Theta, dollars a day", num: true, by: (row) => row.greeks?.theta ?? null, cell: (row) => signed(row.greeks?.theta) },
  { id: "vega", head: "Vega", title: "Dollars per point of volatility", num: true, by: (row) => row.greeks?.vega ?? null, cell: (row) => signed(row.greeks?.vega) },
  { id: "risk", head: "Max loss", num: true, by: (row) => row.max_loss_cents, cell: (row) => (row.max_loss_cents === null ? "unbounded" : money(row.max_loss_cents)) },
  { id: "state", head: "State", by: (row) => row.state, cell: (row) => <StateBadge state={row.state} /> },
  { id: "grade", head: "Data", by: (row) => row.grade, cell: (row) => <GradeBadge grade={row.grade} /> },
];

/** What is left out where the table shares its line with something else. */
const LONG = new Set(["exit", "grade"]);

export function PositionTable(props: {
  brief?: boolean;
  positions: readonly Position[];
  picked: string | undefined;
  onPick: (position: Position) => void;
}): ReactNode {
  const columns = COLUMNS.filter((column) => !(props.brief && LONG.has(column.id))).map((column) =>
    column.id === "underlying"
      ? {
          ...column,
          cell: (row: Position) => (
            <button
              type="button"
              className="link"
              aria-pressed={row.position_id === props.picked}
              aria-label={`Show ${row.describe}`}
              onClick={() => props.onPick(row)}
            >
              {row.underlying}
            </button>
          ),
        }
      : column,
  );
  return (
    <DataTable
      label="Positions"
      rows={props.positions}
      columns={columns}
      keyOf={(row) => row.position_id}
      picked={props.picked}
      onPick={props.onPick}
    />
  );
}
