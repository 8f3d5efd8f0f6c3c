import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answered, api } from "../api/client";
import type { Signal } from "../api/types";
import { instant, money, number, percent, sentence, signedMoney, tone, words } from "../format";
import { Answered, Answers } from "../parts/answer";
import { Because } from "../parts/because";
import { Badge, Card, Empty, GradeBadge, PageHead, Shown, StateBadge, Trouble, Waiting } from "../parts/parts";
import { link } from "../route";
import { useOffered } from "../state/queries";

export default function Signals({ rest }: { rest: string[] }): ReactNode {
  const [strategy, setStrategy] = useState("");
  const query = useInfiniteQuery({
    queryKey: ["signals", strategy],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      answered(api.GET("/api/v1/signals", { params: { query: { limit: 30, strategy, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  const names = [...new Set(found.map((one) => one.strategy))].sort();
  const wanted = rest[0];
  const asked = useQuery({
    queryKey: ["signal", wanted],
    enabled: wanted !== undefined,
    queryFn: () => answered(api.GET("/api/v1/signals/{signal_id}", { params: { path: { signal_id: wanted ?? "" } } })),
  });
  const offered = useOffered();
  return (
    <>
      <PageHead title="Signals">What strategies saw, what was decided, and what became of it</PageHead>
      {wanted !== undefined && (
        <Card title="The signal you asked for" aside={<a href={link("signals")}>Close</a>}>
          <Shown query={asked}>{(data) => <One key={data.signal_id} signal={data} open />}</Shown>
        </Card>
      )}
      {offered.length > 0 && (
        <Card title="Waiting for you" aside={`${offered.length} offered`}>
          <div className="feed">
            {offered.map((one) => (
              <One key={one.signal_id} signal={one} open={false} />
            ))}
          </div>
        </Card>
      )}
      <Card
        title="Newest first"
        aside={
          <select className="select" aria-label="Strategy" value={strategy} onChange={(event) => setStrategy(event.target.value)}>
            <option value="">All strategies</option>
            {[...new Set([...names, ...(strategy ? [strategy] : [])])].map((name) => (
              <option key={name} value={name}>
                {words(name)}
              </option>
            ))}
          </select>
        }
      >
        {query.isPending && <Waiting height={240} />}
        {query.error && !query.data && <Trouble error={query.error} />}
        {query.data && found.length === 0 && (
          <Empty title="No signals yet">Strategies speak here once a trading process runs and the market is open.</Empty>
        )}
        <div className="feed">
          {found.filter((one) => one.decision !== "offered" && one.signal_id !== wanted).map((one) => (
            <One key={one.signal_id} signal={one} open={false} />
          ))}
        </div>
        {query.hasNextPage && (
          <div className="row" style={{ justifyContent: "center", marginTop: 12 }}>
            <button type="button" className="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {query.isFetchingNextPage ? "Loading…" : "Older"}
            </button>
          </div>
        )}
      </Card>
    </>
  );
}

function One({ signal, open }: { signal: Signal; open: boolean }): ReactNode {
  const credit = signal.price_cents < 0;
  return (
    <article className="signal">
      <div className="head">
        <h3>{signal.describe}</h3>
        <StateBadge state={signal.decision} />
        <GradeBadge grade={signal.grade} />
        <span className="spacer" />
        {signal.outcome && <Outcome signal={signal} />}
        <span className="soft nowrap">{instant(signal.at)}</span>
      </div>
      <div className="chips">
        <span>{words(signal.strategy)}</span>
        <span>
          {credit ? "receives" : "pays"} <b>{money(Math.abs(signal.price_cents), true)}</b>
        </span>
        <span>
          max loss <b>{signal.max_loss_cents === null ? "unbounded" : money(signal.max_loss_cents)}</b>
        </span>
        <span>
          profit in <b>{percent(signal.probability)}</b> of cases
        </span>
        <span>
          expects <b className={tone(signal.expected_cents)}>{signedMoney(signal.expected_cents)}</b>
        </span>
        <span>
          score <b>{number(signal.score)}</b>
        </span>
        {signal.breakevens.length > 0 && (
          <span>
            even at <b>{signal.breakevens.map((one) => number(one)).join(", ")}</b>
          </span>
        )}
        <span>
          regime <b>{words(signal.regime)}</b>
        </span>
      </div>
      {signal.decision === "denied" && (
        <p className="soft">
          Not taken: <b className="strong">{sentence(signal.code)}</b>
          {signal.detail && <span> ({signal.detail})</span>}
        </p>
      )}
      <Answered signal={signal} />
      <Answers signal={signal} />
      <details open={open}>
        <summary className="soft">Why it was seen</summary>
        <div style={{ marginTop: 8 }}>
          <Because because={signal.because} />
        </div>
      </details>
    </article>
  );
}

function Outcome({ signal }: { signal: Signal }): ReactNode {
  const { outcome } = signal;
  if (!outcome) return null;
  if (outcome.closed_at === null) {
    return (
      <a href={link("positions", outcome.trade_id)}>
        <Badge quiet kind="accent">still open</Badge>
      </a>
    );
  }
  return (
    <a href={link("orders", "trade", outcome.trade_id)}>
      <Badge quiet kind={tone(outcome.profit_cents)}>
        {signedMoney(outcome.profit_cents)} · {words(outcome.exit_reason)}
      </Badge>
    </a>
  );
}
