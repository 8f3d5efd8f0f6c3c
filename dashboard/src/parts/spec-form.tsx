// A specification of a run over the past: filled in as a form from what each strategy can be set by, or written as the
// TOML of its file, which can say everything.

import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { answered, api } from "../api/client";
import type { Strategy } from "../api/types";
import { sentence } from "../format";
import { over, useJob } from "../state/jobs";
import { queries, useStatus, useStrategies, useSymbols } from "../state/queries";
import { useMay } from "../state/session";
import { Trouble, Waiting } from "./parts";
import { Progress } from "./progress";

type Parameter = Strategy["parameters"][number];
type Value = Parameter["value"];

interface Chosen {
  key: number;
  strategy: string;
  /** Only what differs from the defaults. */
  values: Record<string, Value>;
}

interface Draft {
  name: string;
  underlyings: string[];
  start: string;
  end: string;
  capital: number;
  strategies: Chosen[];
}

const dayBefore = (day: string, days: number): string => new Date(Date.parse(`${day}T12:00:00Z`) - 86_400_000 * days).toISOString().slice(0, 10);

const quoted = (value: Value): string => (typeof value === "string" ? JSON.stringify(value) : String(value));

function titleOf(draft: Draft): string {
  return draft.name || `${[...new Set(draft.strategies.map((one) => sentence(one.strategy)))].join(", ")} on ${draft.underlyings.join(", ")}`;
}

/** Labels have to differ: a strategy that stands twice is numbered. */
function labels(draft: Draft): (string | null)[] {
  return draft.strategies.map((one, n) => {
    const before = draft.strategies.slice(0, n).filter((other) => other.strategy === one.strategy).length;
    return before ? `${one.strategy}_${before + 1}` : null;
  });
}

export function tomlOf(draft: Draft): string {
  const named = labels(draft);
  const head = [
    `name = ${JSON.stringify(titleOf(draft))}`,
    `underlyings = [${draft.underlyings.map((one) => JSON.stringify(one)).join(", ")}]`,
    `start = ${draft.start}`,
    `end = ${draft.end}`,
    `capital = ${draft.capital}`,
  ];
  const strategies = draft.strategies.map((one, n) =>
    [
      "",
      "[[strategies]]",
      ...(named[n] ? [`label = ${JSON.stringify(named[n])}`] : []),
      `strategy = ${JSON.stringify(one.strategy)}`,
      ...(Object.keys(one.values).length
        ? [`parameters = { ${Object.entries(one.values).map(([name, value]) => `${name} = ${quoted(value)}`).join(", ")} }`]
        : []),
    ].join("\n"),
  );
  return `${[...head, ...strategies].join("\n")}\n`;
}

export function SpecForm({ onDone }: { onDone: (fingerprint: string) => void }): ReactNode {
  const symbols = useSymbols();
  const strategies = useStrategies();
  const status = useStatus();
  const ready = symbols.data && strategies.data && status.data;
  const last = (status.data?.data_as_of ?? status.data?.market_at ?? "").slice(0, 10);
  return (
    <details className="card">
      <summary style={{ padding: "11px 14px", cursor: "pointer" }}>
        <b className="strong">Run a specification over the past</b>
      </summary>
      {ready ? (
        <Form known={strategies.data.items} symbols={symbols.data["chains"] ?? []} last={last} onDone={onDone} />
      ) : strategies.error ? (
        <Trouble error={strategies.error} />
      ) : (
        <Waiting />
      )}
    </details>
  );
}

function Form(props: { known: readonly Strategy[]; symbols: readonly string[]; last: string; onDone: (fingerprint: string) => void }): ReactNode {
  const { known, symbols, last, onDone } = props;
  const may = useMay("trade");
  const first = known.find((one) => one.name === "credit_spread") ?? known[0];
  const [draft, setDraft] = useState<Draft>({
    name: "",
    underlyings: symbols.includes("SPY") ? ["SPY"] : symbols.slice(0, 1),
    start: dayBefore(last, 30),
    end: last,
    capital: 100_000,
    strategies: [{ key: 0, strategy: first?.name ?? "", values: {} }],
  });
  const [toml, setToml] = useState<string | null>(null);
  const [fills, setFills] = useState(false);
  const [id, setId] = useState<string>();
  const [trouble, setTrouble] = useState<unknown>(null);
  const job = useJob(id);
  const busy = id !== undefined && !(job.data && over(job.data)) && !job.error;
  const result = job.data?.state === "done" ? job.data.result : null;
  const made = result && "fingerprint" in result ? result.fingerprint : undefined;
  useEffect(() => {
    if (made) void queries.invalidateQueries({ queryKey: ["backtests"] });
  }, [made]);
  const begin = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTrouble(null);
    try {
      setId((await answered(api.POST("/api/v1/backtests", { body: { toml: toml ?? tomlOf(draft), other_fills: fills } }))).job_id);
    } catch (error) {
      setTrouble(error);
    }
  };
  return (
    <form className="body" onSubmit={(event) => void begin(event)} style={{ display: "grid", gap: 12 }}>
      <div className="row" role="group" aria-label="How the specification is given">
        <button type="button" className="button small" aria-pressed={toml === null} onClick={() => setToml(null)}>
          Form
        </button>
        <button type="button" className="button small" aria-pressed={toml !== null} onClick={() => setToml((text) => text ?? tomlOf(draft))}>
          TOML
        </button>
        <span className="soft fine">
          {toml === null ? "What is not filled in stays at its default." : "The whole file: limits, fills, fees and cadence too. Going back to the form drops what is written here."}
        </span>
      </div>
      {toml === null ? (
        <Fields draft={draft} put={setDraft} known={known} symbols={symbols} />
      ) : (
        <textarea className="editor mono" style={{ minHeight: 240 }} aria-label="Specification as TOML" spellCheck={false} value={toml} onChange={(event) => setToml(event.target.value)} />
      )}
      <label className="check">
        <input type="checkbox" checked={fills} onChange={(event) => setFills(event.target.checked)} /> Also at other fills, from the touch to the middle (takes several times as long)
      </label>
      <div className="row">
        <button type="submit" className="button primary" disabled={busy || !may} title={may ? undefined : "This takes the scope “trade”"}>
          {busy ? "Running…" : "Run it"}
        </button>
        {made && (
          <button type="button" className="button" onClick={() => onDone(made)}>
            Show what it came to
          </button>
        )}
      </div>
      {trouble !== null && <Trouble error={trouble} title="It was not begun." />}
      <Progress job={job.data} />
    </form>
  );
}

function Fields(props: { draft: Draft; put: (draft: Draft) => void; known: readonly Strategy[]; symbols: readonly string[] }): ReactNode {
  const { draft, put, known, symbols } = props;
  const change = (part: Partial<Draft>): void => put({ ...draft, ...part });
  const changeOne = (key: number, part: Partial<Chosen>): void =>
    change({ strategies: draft.strategies.map((one) => (one.key === key ? { ...one, ...part } : one)) });
  const toggle = (name: string): void =>
    change({ underlyings: draft.underlyings.includes(name) ? draft.underlyings.filter((one) => one !== name) : [...draft.underlyings, name] });
  return (
    <>
      <fieldset className="plain">
        <legend className="soft fine">Underlyings</legend>
        <div className="row">
          {symbols.map((name) => (
            <label key={name} className="row" style={{ gap: 5 }}>
              <input type="checkbox" checked={draft.underlyings.includes(name)} onChange={() => toggle(name)} /> {name}
            </label>
          ))}
          {symbols.length === 0 && <span className="soft">No option chains are stored.</span>}
        </div>
      </fieldset>
      <div className="fields">
        <label className="field">
          First day
          <input type="date" required value={draft.start} max={draft.end} onChange={(event) => change({ start: event.target.value })} />
        </label>
        <label className="field">
          Last day
          <input type="date" required value={draft.end} min={draft.start} onChange={(event) => change({ end: event.target.value })} />
        </label>
        <label className="field">
          Capital, dollars
          <input type="number" min={1000} step={1000} required value={draft.capital} onChange={(event) => change({ capital: Number(event.target.value) })} />
        </label>
        <label className="field">
          Name
          <input maxLength={80} placeholder={titleOf(draft)} value={draft.name} onChange={(event) => change({ name: event.target.value })} />
        </label>
      </div>
      {draft.strategies.map((one, n) => (
        <OneStrategy
          key={one.key}
          number={n + 1}
          chosen={one}
          known={known}
          put={(part) => changeOne(one.key, part)}
          drop={draft.strategies.length > 1 ? () => change({ strategies: draft.strategies.filter((other) => other.key !== one.key) }) : undefined}
        />
      ))}
      <div>
        <button
          type="button"
          className="button small"
          onClick={() => change({ strategies: [...draft.strategies, { key: Math.max(...draft.strategies.map((one) => one.key)) + 1, strategy: known[0]?.name ?? "", values: {} }] })}
        >
          Add a strategy
        </button>
      </div>
    </>
  );
}

function OneStrategy(props: { number: number; chosen: Chosen; known: readonly Strategy[]; put: (part: Partial<Chosen>) => void; drop: (() => void) | undefined }): ReactNode {
  const { chosen, known, put, drop } = props;
  const strategy = known.find((one) => one.name === chosen.strategy);
  const changed = Object.keys(chosen.values).length;
  const set = (parameter: Parameter, value: Value): void => {
    const values = { ...chosen.values, [parameter.name]: value };
    if (value === parameter.value) delete values[parameter.name];
    put({ values });
  };
  return (
    <fieldset className="plain boxed">
      <legend className="hidden-visually">Strategy {props.number}</legend>
      <div className="row" style={{ alignItems: "end" }}>
        <label className="field">
          Strategy {props.number}
          <select value={chosen.strategy} onChange={(event) => put({ strategy: event.target.value, values: {} })}>
            {known.map((one) => (
              <option key={one.name} value={one.name}>
                {sentence(one.name)}
              </option>
            ))}
          </select>
        </label>
        {drop && (
          <button type="button" className="button small" onClick={drop}>
            Leave it out
          </button>
        )}
      </div>
      <p className="soft fine">{strategy?.summary}</p>
      <details>
        <summary className="soft">
          {strategy?.parameters.length ?? 0} parameters{changed ? `, ${changed} changed` : ", all at their defaults"}
        </summary>
        <div className="fields" style={{ marginTop: 8 }}>
          {strategy?.parameters.map((one) => (
            <Setting key={one.name} parameter={one} value={chosen.values[one.name] ?? one.value} put={(value) => set(one, value)} />
          ))}
        </div>
      </details>
    </fieldset>
  );
}

function Setting({ parameter, value, put }: { parameter: Parameter; value: Value; put: (value: Value) => void }): ReactNode {
  const told = sentence(parameter.name);
  const name = !parameter.unit || told.toLowerCase().includes(parameter.unit.toLowerCase()) ? told : `${told}, ${parameter.unit}`;
  if (parameter.kind === "flag") {
    return (
      <label className="field" title={parameter.help}>
        {name}
        <select value={String(value)} onChange={(event) => put(event.target.value === "true")}>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      </label>
    );
  }
  if (parameter.kind === "choice") {
    return (
      <label className="field" title={parameter.help}>
        {name}
        <select value={String(value)} onChange={(event) => put(event.target.value)}>
          {parameter.choices.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    );
  }
  return (
    <label className="field" title={parameter.help}>
      {name}
      <input
        type="number"
        step={parameter.kind === "whole" ? 1 : "any"}
        min={parameter.low ?? undefined}
        max={parameter.high ?? undefined}
        required
        defaultValue={String(value)}
        onChange={(event) => event.target.value !== "" && put(Number(event.target.value))}
      />
    </label>
  );
}
