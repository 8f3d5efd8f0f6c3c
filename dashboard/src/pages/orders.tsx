import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answered, api } from "../api/client";
import type { Fact, Order, Trade } from "../api/types";
import { instant, legs, money, number, percent, sentence, signedMoney, tone, words } from "../format";
import { Act } from "../parts/act";
import { AuditLog } from "../parts/audit";
import { Because } from "../parts/because";
import { Badge, Card, Empty, GradeBadge, PageHead, Shown, StateBadge, Trouble, Waiting } from "../parts/parts";
import { type Column, DataTable } from "../parts/table";
import { go, link } from "../route";
import { useMay } from "../state/session";

/** Orders, trades and the ledger. `#/orders/trade/ID` tells a trade's story, `#/orders/fact/N` where a fact comes from. */
export default function Orders({ rest }: { rest: string[] }): ReactNode {
  const [kind, id] = rest;
  const admin = useMay("admin");
  return (
    <>
      <PageHead title="Orders & audit">What was sent, what became of it, and every fact behind it</PageHead>
      {kind === "trade" && id !== undefined && <Story key={id} id={id} />}
      {kind === "fact" && id !== undefined && <Lineage key={id} seq={Number(id)} />}
      <OrderList />
      <TradeList />
      <Ledger />
      {admin && <AuditLog />}
    </>
  );
}

function More(props: { more: boolean; busy: boolean; onMore: () => void }): ReactNode {
  if (!props.more) return null;
  return (
    <div className="row" style={{ justifyContent: "center", padding: 10 }}>
      <button type="button" className="button small" disabled={props.busy} onClick={props.onMore}>
        {props.busy ? "Loading…" : "Older"}
      </button>
    </div>
  );
}

function OrderList(): ReactNode {
  const [status, setStatus] = useState("");
  const may = useMay("trade");
  const query = useInfiniteQuery({
    queryKey: ["orders", status],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      answered(api.GET("/api/v1/orders", { params: { query: { limit: 20, status, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const columns: Column<Order>[] = may
    ? [
        ...ORDERS,
        {
          id: "act",
          head: "",
          cell: (row) =>
            ["placed", "accepted"].includes(row.status) ? (
              <Act
                small
                name="Cancel…"
                question="Take this order back?"
                explanation={`${sentence(row.purpose)} ${row.quantity - row.filled} × ${row.underlying} ${words(row.structure)} ${legs(row.legs)}. What is filled meanwhile stays filled.`}
                confirm="Take it back"
                told="Asked for. The trading process takes it up at its next look."
                act={() =>
                  answered(
                    api.POST("/api/v1/orders/{order_id}/cancel", { params: { path: { order_id: row.order_id } }, body: { reason: "asked on the page" } }),
                  )
                }
              />
            ) : null,
        },
      ]
    : ORDERS;
  return (
    <Card
      title="Orders"
      flush
      aside={
        <select className="select" aria-label="Which orders" value={status} onChange={(event) => setStatus(event.target.value)}>
          <option value="">All</option>
          <option value="open">Working</option>
          <option value="filled">Filled</option>
          <option value="cancelled">Cancelled</option>
          <option value="rejected">Rejected</option>
          <option value="unresolved">Unresolved</option>
        </select>
      }
    >
      {query.isPending && <Waiting />}
      {query.error && !query.data && <Trouble error={query.error} />}
      {query.data && (rows.length ? <DataTable label="Orders" stacks rows={rows} columns={columns} keyOf={(row) => row.order_id} /> : <Empty title="No such orders" />)}
      <More more={query.hasNextPage} busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
    </Card>
  );
}

const ORDERS: Column<Order>[] = [
  { id: "at", head: "Placed", phone: 2, by: (row) => row.created_at, cell: (row) => <a href={link("orders", "fact", String(row.seq))}>{instant(row.created_at)}</a> },
  { id: "purpose", head: "For", phone: 3, by: (row) => row.purpose, cell: (row) => sentence(row.purpose) },
  { id: "what", head: "What", by: (row) => row.structure, cell: (row) => (<>{row.underlying} {words(row.structure)} <span className="soft">{legs(row.legs)}</span></>), phone: 1 },
  { id: "quantity", head: "Qty", title: "Filled of wanted", phone: 5, num: true, by: (row) => row.quantity, cell: (row) => `${row.filled} / ${row.quantity}` },
  { id: "limit", head: "Limit", title: "For one unit: received negative", phone: 6, num: true, by: (row) => row.limit_cents, cell: (row) => (row.limit_cents === null ? "market" : money(row.limit_cents, true)) },
  { id: "filled", phone: 7, head: "Filled for", title: "Cash: received negative", num: true, by: (row) => row.filled_cents, cell: (row) => (row.filled ? money(row.filled_cents, true) : "–") },
  { id: "fees", head: "Fees", num: true, by: (row) => row.fees_cents, cell: (row) => money(row.fees_cents, true) },
  { id: "status", head: "Status", by: (row) => row.status, cell: (row) => <StateBadge state={row.status} />, phone: 4 },
  { id: "reason", head: "Why", by: (row) => row.reason, cell: (row) => sentence(row.reason || row.note) },
  { id: "trade", head: "Trade", phone: 8, cell: (row) => <a href={link("orders", "trade", row.position_id)}>Story</a> },
];

function TradeList(): ReactNode {
  const query = useInfiniteQuery({
    queryKey: ["trades"],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      answered(api.GET("/api/v1/trades", { params: { query: { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card title="Trades" flush>
      {query.isPending && <Waiting />}
      {query.error && !query.data && <Trouble error={query.error} />}
      {query.data &&
        (rows.length ? (
          <DataTable label="Trades" stacks rows={rows} columns={TRADES} keyOf={(row) => row.trade_id} />
        ) : (
          <Empty title="No trades yet">A trade begins with the first fill of an opening order.</Empty>
        ))}
      <More more={query.hasNextPage} busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
    </Card>
  );
}

const TRADES: Column<Trade>[] = [
  { id: "opened", phone: 2, head: "Opened", by: (row) => row.opened_at, cell: (row) => <a href={link("orders", "trade", row.trade_id)}>{instant(row.opened_at)}</a> },
  { id: "closed", phone: 3, head: "Closed", by: (row) => row.closed_at, cell: (row) => (row.closed_at ? instant(row.closed_at) : <StateBadge state="open" />) },
  { id: "what", head: "What", by: (row) => row.structure, cell: (row) => (<>{row.underlying} {words(row.structure)} <span className="soft">{legs(row.legs)}</span></>), phone: 1 },
  { id: "strategy", phone: 5, head: "Strategy", by: (row) => row.strategy, cell: (row) => words(row.strategy) },
  { id: "quantity", head: "Qty", num: true, by: (row) => row.quantity, cell: (row) => row.quantity },
  { id: "days", head: "Days", num: true, by: (row) => row.days_held, cell: (row) => number(row.days_held, 0) },
  { id: "profit", phone: 4, head: "P&L", num: true, by: (row) => row.profit_cents, cell: (row) => signedMoney(row.profit_cents), tone: (row) => tone(row.profit_cents) },
  { id: "return", phone: 7, head: "On risk", num: true, by: (row) => row.return_on_risk, cell: (row) => percent(row.return_on_risk, 1), tone: (row) => tone(row.return_on_risk) },
  { id: "odds", head: "Foretold", title: "Probability of profit when it was opened", num: true, by: (row) => row.probability_of_profit, cell: (row) => percent(row.probability_of_profit) },
  { id: "exit", phone: 6, head: "Ended by", by: (row) => row.exit_reason, cell: (row) => sentence(row.exit_reason) || "–" },
  { id: "grade", head: "Data", by: (row) => row.grade, cell: (row) => <GradeBadge grade={row.grade} /> },
];

function Story({ id }: { id: string }): ReactNode {
  const story = useQuery({
    queryKey: ["story", id],
    queryFn: () => answered(api.GET("/api/v1/trades/{trade_id}/explain", { params: { path: { trade_id: id } } })),
  });
  return (
    <Card title="The story of a trade" aside={<><span className="mono">{id}</span><a href={link("orders")}>Close</a></>}>
      <Shown query={story}>
        {(data) => (
          <div style={{ display: "grid", gap: 14 }}>
            <ol className="lines">
              {data.steps.map((step) => (
                <li key={step.seq} style={{ paddingLeft: 0 }}>
                  <a href={link("orders", "fact", String(step.seq))}>#{step.seq}</a>
                  <span className="soft nowrap">{instant(step.at)}</span>
                  <span>{step.words}</span>
                </li>
              ))}
            </ol>
            <details>
              <summary className="soft">What was seen when it was opened</summary>
              <div style={{ marginTop: 8 }}>
                <Because because={data.because} />
              </div>
            </details>
          </div>
        )}
      </Shown>
    </Card>
  );
}

function Lineage({ seq }: { seq: number }): ReactNode {
  const lineage = useQuery({
    queryKey: ["lineage", seq],
    queryFn: () => answered(api.GET("/api/v1/facts/{seq}/lineage", { params: { path: { seq } } })),
  });
  return (
    <Card title={`Where fact ${seq} comes from`} aside={<a href={link("orders")}>Close</a>}>
      <Shown query={lineage}>
        {(data) => (
          <ol style={{ display: "grid", gap: 10 }}>
            {data.items.map((fact) => (
              <li key={fact.seq} className={fact.seq === seq ? "notice" : ""}>
                <div className="row">
                  <a href={link("orders", "fact", String(fact.seq))}>#{fact.seq}</a>
                  <b className="strong">{kindOf(fact)}</b>
                  <span className="soft">
                    {instant(fact.known_at)} · by {fact.actor}
                    {fact.cause !== null && <> · because of <a href={link("orders", "fact", String(fact.cause))}>#{fact.cause}</a></>}
                  </span>
                </div>
                <details open={fact.seq === seq}>
                  <summary className="soft">Payload and hash</summary>
                  <pre className="code" style={{ marginTop: 6, maxHeight: 260 }} tabIndex={0} aria-label={`Payload of fact ${fact.seq}`}>{JSON.stringify(fact.payload, null, 2)}</pre>
                  <p className="soft mono" style={{ overflowWrap: "anywhere" }}>{fact.hash}</p>
                </details>
              </li>
            ))}
          </ol>
        )}
      </Shown>
    </Card>
  );
}

/** What a fact is called, as people say it: `OrderFilled` is "Order filled". */
function kindOf(fact: Fact): string {
  return sentence(fact.kind.replace(/(?<=[a-z])(?=[A-Z])/g, " "));
}

const PAGE = 40;

function Ledger(): ReactNode {
  const [actor, setActor] = useState("");
  const query = useInfiniteQuery({
    queryKey: ["facts", actor],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      answered(api.GET("/api/v1/facts", { params: { query: { newest: true, limit: PAGE, actor, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card
      title="The ledger"
      flush
      aside={
        <label className="row" style={{ gap: 6 }}>
          By
          <input className="select" style={{ width: 130 }} value={actor} placeholder="anybody" onChange={(event) => setActor(event.target.value.trim())} />
        </label>
      }
    >
      {query.isPending && <Waiting />}
      {query.error && !query.data && <Trouble error={query.error} />}
      {query.data &&
        (rows.length ? (
          <DataTable label="Facts of the ledger" rows={rows} columns={FACTS} tallest={560} keyOf={(row) => String(row.seq)} onPick={(row) => go("orders", "fact", String(row.seq))} />
        ) : actor ? (
          <Empty title={`No fact by ${actor}`}>An actor is written whole, such as engine, or person: and a name.</Empty>
        ) : (
          <Empty title="The ledger is empty">Its first fact is written when a trading process starts.</Empty>
        ))}
      <More more={query.hasNextPage} busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
    </Card>
  );
}

const FACTS: Column<Fact>[] = [
  { id: "seq", head: "#", num: true, cell: (row) => <a href={link("orders", "fact", String(row.seq))}>{row.seq}</a> },
  { id: "at", head: "When", cell: (row) => instant(row.known_at) },
  { id: "kind", head: "What", cell: kindOf },
  { id: "actor", head: "By", cell: (row) => <Badge quiet>{row.actor}</Badge> },
  { id: "cause", head: "Because of", cell: (row) => (row.cause === null ? "–" : <a href={link("orders", "fact", String(row.cause))}>#{row.cause}</a>) },
  { id: "hash", head: "Hash", cell: (row) => <span className="mono soft">{row.hash.slice(0, 12)}…</span> },
];
