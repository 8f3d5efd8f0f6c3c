// The small parts that pages are made of.

import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { RefusedError } from "../api/client";
import { sentence } from "../format";

export function Card(props: {
  title: string;
  aside?: ReactNode;
  flush?: boolean;
  children: ReactNode;
}): ReactNode {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.aside !== undefined && <div className="aside">{props.aside}</div>}
      </header>
      <div className={props.flush ? "body flush" : "body"}>{props.children}</div>
    </section>
  );
}

export function PageHead(props: { title: string; children?: ReactNode }): ReactNode {
  return (
    <div className="page-head">
      <h1>{props.title}</h1>
      {props.children !== undefined && <p>{props.children}</p>}
    </div>
  );
}

export function Tile(props: { name: string; value: ReactNode; note?: ReactNode; tone?: string }): ReactNode {
  return (
    <div className="tile">
      <dt title={props.name}>{props.name}</dt>
      <dd className={props.tone ?? ""}>{props.value}</dd>
      {props.note !== undefined && <dd className="note">{props.note}</dd>}
    </div>
  );
}

export function Badge(props: { kind?: string; quiet?: boolean; title?: string; children: ReactNode }): ReactNode {
  return (
    <span className={`badge ${props.kind ?? ""} ${props.quiet ? "quiet" : ""}`} title={props.title}>
      {props.children}
    </span>
  );
}

const GRADES: Record<string, [string, string]> = {
  quotes: ["gain", "Quotes of a market, bid and ask"],
  indicative: ["warn", "Modelled by a vendor; nobody may have quoted them"],
  reconstructed: ["violet", "Made by strikewise from closes and volatility indices; nobody quoted them"],
};

export function GradeBadge({ grade }: { grade: string }): ReactNode {
  if (!grade) return <Badge quiet>no data</Badge>;
  const [kind, title] = GRADES[grade] ?? ["warn", grade];
  return (
    <Badge quiet kind={kind} title={title}>
      {grade}
    </Badge>
  );
}

const STATES: Record<string, string> = {
  open: "gain",
  opening: "accent",
  closing: "warn",
  external: "violet",
  frozen: "warn",
  filled: "gain",
  placed: "accent",
  accepted: "accent",
  rejected: "loss",
  unresolved: "loss",
  ordered: "gain",
  denied: "warn",
  pending: "accent",
  offered: "accent",
  taken: "gain",
};

export function StateBadge({ state }: { state: string }): ReactNode {
  return (
    <Badge quiet kind={STATES[state] ?? ""}>
      {sentence(state).toLowerCase()}
    </Badge>
  );
}

export function Meter(props: { name: string; share: number; value: string }): ReactNode {
  const share = Math.max(0, props.share);
  const level = share >= 1 ? "over" : share >= 0.75 ? "near" : "";
  const told = share >= 1 ? " (at the limit)" : share >= 0.75 ? " (near the limit)" : "";
  return (
    <div className={`meter ${level}`}>
      <span>{props.name}</span>
      <span className="bar" role="img" aria-label={`${props.name}: ${Math.round(100 * share)}% of the limit${told}`}>
        <i style={{ width: `${Math.min(100, 100 * share)}%` }} />
      </span>
      <span className="value">{props.value}</span>
    </div>
  );
}

export function Empty(props: { title: string; children?: ReactNode }): ReactNode {
  return (
    <div className="empty">
      <b>{props.title}</b>
      {props.children !== undefined && <div>{props.children}</div>}
    </div>
  );
}

export function Trouble({ error, title = "This could not be shown." }: { error: unknown; title?: string }): ReactNode {
  const refused = error instanceof RefusedError ? error : null;
  return (
    <div className="problem" role="alert">
      <b>{refused ? title : "The server cannot be reached."}</b>
      {refused ? refused.message : "The page tries again by itself; what is shown may be old."}
      {refused?.fields.map((one) => (
        <div key={one.field}>
          {one.field}: {one.message}
        </div>
      ))}
    </div>
  );
}

export function Waiting({ height = 120 }: { height?: number }): ReactNode {
  return <div className="waiting" style={{ height }} role="status" aria-label="Loading" />;
}

/** Show what a question came to: waiting, trouble, or the answer. What was known stays while the server is away. */
export function Shown<T>(props: {
  query: UseQueryResult<T>;
  height?: number;
  children: (data: NonNullable<T>) => ReactNode;
}): ReactNode {
  const { data, error, isPending } = props.query;
  if (data !== undefined && data !== null) return props.children(data as NonNullable<T>);
  if (error) return <Trouble error={error} />;
  return isPending ? <Waiting height={props.height ?? 120} /> : <Empty title="Nothing to show" />;
}
