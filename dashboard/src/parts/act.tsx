// A command with a question before it: what is asked for is written down, and the trading process does it.

import { type ReactNode, useId, useRef, useState } from "react";
import type { Told } from "../api/types";
import { queries } from "../state/queries";
import { useOutcome } from "../state/requests";
import { useMay } from "../state/session";
import { Trouble } from "./parts";

/** What became of a request, as long as somebody looks. */
function Outcome({ outcome, words }: { outcome: Told | undefined; words: string }): ReactNode {
  const refused = outcome?.state === "refused";
  const met = outcome?.state === "met";
  return (
    <span className={`notice ${refused ? "loss" : ""}`} role="status">
      {refused ? `Not done: ${outcome.outcome}` : met ? outcome.outcome || "Done." : words}
    </span>
  );
}

/** Closing what nobody knows a price of: off unless a person ticks it. */
export const AT_ANY_PRICE = {
  name: "Close what has no fresh quotes too",
  warning:
    "Nobody knows what this will cost. It is offered at the last known quotes, then worse and worse, and at last at whatever the market pays.",
};

export function Act(props: {
  name: string;
  question: string;
  explanation: ReactNode;
  confirm: string;
  told: string;
  /** The scope that it takes. */
  scope?: "trade" | "admin";
  small?: boolean;
  disabled?: boolean;
  /** What may be ticked in the question, and what a person should know before. */
  choice?: { name: string; warning: string };
  act: (chosen: boolean) => Promise<unknown>;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const scope = props.scope ?? "trade";
  const may = useMay(scope);
  const [told, setTold] = useState<Told>();
  const outcome = useOutcome(told).data;
  const [state, setState] = useState<"" | "busy" | "told">("");
  const [trouble, setTrouble] = useState<unknown>(null);
  const [chosen, setChosen] = useState(false);
  const go = async (): Promise<void> => {
    setState("busy");
    setTrouble(null);
    try {
      const answer = (await props.act(chosen)) as Told | undefined;
      setTold(typeof answer?.request === "number" ? answer : undefined);
      setState("told");
      dialog.current?.close();
      void queries.invalidateQueries();
    } catch (error) {
      setState("");
      setTrouble(error);
    }
  };
  return (
    <>
      <button
        type="button"
        className={props.small ? "button small" : "button"}
        disabled={!may || props.disabled || state === "busy" || (state === "told" && outcome?.state === "waiting")}
        title={may ? undefined : `This takes the scope “${scope}”`}
        onClick={() => {
          setTrouble(null);
          setChosen(false);
          dialog.current?.showModal();
        }}
      >
        {props.name}
      </button>
      {state === "told" && <Outcome outcome={outcome} words={props.told} />}
      <dialog ref={dialog} aria-labelledby={title}>
        <div className="inside">
          <h2 id={title}>{props.question}</h2>
          <div className="soft">{props.explanation}</div>
          {props.choice && (
            <label className="check">
              <input type="checkbox" checked={chosen} onChange={(event) => setChosen(event.target.checked)} />
              {props.choice.name}
            </label>
          )}
          {props.choice && chosen && (
            <p className="notice loss" role="status">
              {props.choice.warning}
            </p>
          )}
          {trouble !== null && <Trouble error={trouble} title="It was not taken." />}
          <div className="row end">
            <button type="button" className="button plain" onClick={() => dialog.current?.close()}>
              Leave it
            </button>
            <button type="button" className="button stop" disabled={state === "busy"} onClick={() => void go()}>
              {props.confirm}
            </button>
          </div>
        </div>
      </dialog>
    </>
  );
}
