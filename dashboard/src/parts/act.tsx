// A command with a question before it: what is asked for is written down, and the trading process does it.

import { type ReactNode, useId, useRef, useState } from "react";
import { queries } from "../state/queries";
import { useMay } from "../state/session";
import { Trouble } from "./parts";

export function Act(props: {
  name: string;
  question: string;
  explanation: ReactNode;
  confirm: string;
  told: string;
  small?: boolean;
  disabled?: boolean;
  act: () => Promise<unknown>;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const may = useMay("trade");
  const [state, setState] = useState<"" | "busy" | "told">("");
  const [trouble, setTrouble] = useState<unknown>(null);
  const go = async (): Promise<void> => {
    setState("busy");
    setTrouble(null);
    try {
      await props.act();
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
        disabled={!may || props.disabled || state === "told"}
        title={may ? undefined : "This takes the scope “trade”"}
        onClick={() => {
          setTrouble(null);
          dialog.current?.showModal();
        }}
      >
        {props.name}
      </button>
      {state === "told" && (
        <span className="notice" role="status">
          {props.told}
        </span>
      )}
      <dialog ref={dialog} aria-labelledby={title}>
        <div className="inside">
          <h2 id={title}>{props.question}</h2>
          <div className="soft">{props.explanation}</div>
          {trouble !== null && <Trouble error={trouble} />}
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
