// Taking or dismissing a signal: what a person decides by, and a second word before anything is ordered.

import { type ReactNode, useState } from "react";
import { answered, api } from "../api/client";
import type { Signal } from "../api/types";
import { duration, instant, money, percent, sentence, signedMoney } from "../format";
import { link } from "../route";
import { useStatus } from "../state/queries";
import { Act } from "./act";

/** The name of whoever answered, without what tells people from programs. */
export function nameOf(actor: string): string {
  return actor.replace(/^person:/, "");
}

/** Buttons under a signal that may be answered; they stay for as long as somebody looks at what came of it. */
export function Answers({ signal }: { signal: Signal }): ReactNode {
  const [asked, setAsked] = useState(false);
  if (!signal.answerable && !asked) return null;
  const ask = async (verb: "take" | "dismiss"): Promise<unknown> => {
    const told = await answered(
      api.POST(verb === "take" ? "/api/v1/signals/{signal_id}/take" : "/api/v1/signals/{signal_id}/dismiss", {
        params: { path: { signal_id: signal.signal_id } },
        body: { reason: "asked on the page" },
      }),
    );
    setAsked(true);
    return told;
  };
  return (
    <div className="row">
      <Act
        name="Take…"
        question={`Take ${signal.describe}?`}
        explanation={<Decision signal={signal} />}
        confirm="Take it"
        told="Asked for. The trading process prices and judges it anew at its next look."
        disabled={!signal.answerable}
        small
        act={() => ask("take")}
      />
      <Act
        name="Dismiss…"
        question={`Dismiss ${signal.describe}?`}
        explanation="Nothing is ordered, and the same legs are not proposed again today."
        confirm="Dismiss it"
        told="Asked for. The trading process puts it aside at its next look."
        disabled={!signal.answerable}
        small
        act={() => ask("dismiss")}
      />
    </div>
  );
}

/** Everything that a person needs to know before an order: entry, exit, size, loss, odds, and how good the data are. */
function Decision({ signal }: { signal: Signal }): ReactNode {
  const status = useStatus().data;
  const units = signal.quantity ?? 1;
  const now = status?.running ? status.market_at : status?.now;
  const age = now ? (Date.parse(now) - Date.parse(signal.at)) / 1000 : null;
  const kind = signal.price_cents < 0 ? "receives" : "pays";
  const rows: [string, ReactNode][] = [
    ["Entry", `${kind} ${money(Math.abs(signal.price_cents), true)} a unit when it was seen`],
    ["Exit", signal.exit || "by the rules of its strategy"],
    ["Size", signal.quantity ? `${units} ${units === 1 ? "unit" : "units"} at most` : "as its strategy sizes it then; the figures here are of 1 unit"],
    ["Max loss", signal.max_loss_cents === null ? "unbounded" : money(signal.max_loss_cents * units)],
    ["Probability", `profit in ${percent(signal.probability)} of cases, expects ${signedMoney(signal.expected_cents * units)}, as when it was seen`],
    ["Data", `${sentence(signal.grade).toLowerCase()}, ${age === null ? "of unknown age" : `${duration(age)} old`}`],
  ];
  if (signal.decision === "denied") rows.push(["Denied before", `${sentence(signal.code)} (${signal.detail})`]);
  return (
    <>
      <dl className="decision">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p>
        It is priced anew and passes every limit before anything is ordered
        {signal.until ? `, until ${instant(signal.until)} at the latest` : ""}.
      </p>
    </>
  );
}

/** What was asked of people, and what they said. */
export function Answered({ signal }: { signal: Signal }): ReactNode {
  const who = signal.answered_by ? nameOf(signal.answered_by) : "";
  if (signal.decision === "offered")
    return (
      <p className="soft">
        Waits to be taken: <b className="strong">{signal.quantity === 1 ? "1 unit" : `${signal.quantity ?? 0} units`}</b>, until{" "}
        {instant(signal.until)}
      </p>
    );
  if (signal.decision === "expired")
    return <p className="soft">Nobody took it before {instant(signal.until)}.</p>;
  if (signal.decision === "dismissed") return <p className="soft">Dismissed by {who}.</p>;
  if (signal.decision === "taken")
    return (
      <p className="soft">
        Taken by {who}, and <a href={link("signals", signal.taken_as ?? "")}>ordered at the prices of then</a>.
      </p>
    );
  if (signal.taken_from)
    return (
      <p className="soft">
        Priced anew from <a href={link("signals", signal.taken_from)}>what was seen before</a>, because a person took it. Probability and score are those of then.
      </p>
    );
  return null;
}
