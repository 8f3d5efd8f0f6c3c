// The stop button and its dialog. It opens without asking the server for anything, and says what to do when the
// server does not answer: the command, and the file that the trading process looks for at every order.

import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { RefusedError, answered, api, freshKey } from "../api/client";
import type { Status } from "../api/types";
import { instant } from "../format";
import { queries } from "../state/queries";

type Course = { step: "asking" } | { step: "sending" } | { step: "told"; words: string } | { step: "failed"; words: string };

const PATIENCE = 4_000;

export function StopButton({ status }: { status: Status | undefined }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [course, setCourse] = useState<Course>({ step: "asking" });
  const [exits, setExits] = useState(false);
  const [reason, setReason] = useState("");
  const key = useRef("");
  const halted = status?.state === "halted";
  const reducing = status?.state === "reducing";
  const stopped = halted || reducing;

  useEffect(() => {
    if (halted && course.step === "sending") setCourse({ step: "told", words: "Trading is halted." });
  }, [halted, course.step]);

  const open = (): void => {
    key.current = freshKey();
    setCourse({ step: "asking" });
    dialog.current?.showModal();
  };

  const resume = async (): Promise<void> => {
    setCourse({ step: "sending" });
    try {
      await answered(api.POST("/api/v1/control/resume", { body: { reason } }));
      setCourse({ step: "told", words: "Resuming was asked for. The trading process takes it up at its next look." });
    } catch (error) {
      setCourse({ step: "failed", words: sentenceOf(error) });
    }
    void queries.invalidateQueries({ queryKey: ["status"] });
  };

  const stop = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setCourse({ step: "sending" });
    try {
      await answered(
        api.POST("/api/v1/control/halt", {
          body: { reason: reason || "Stopped on the page.", exits: exits && !reducing },
          headers: { "Idempotency-Key": key.current },
          signal: AbortSignal.timeout(PATIENCE),
        }),
      );
      setCourse({ step: "told", words: "The halt is written down. No new order passes the gate from now on." });
    } catch (error) {
      setCourse({ step: "failed", words: sentenceOf(error) });
    }
    void queries.invalidateQueries({ queryKey: ["status"] });
  };

  return (
    <>
      <button type="button" className="button stop" onClick={open} data-testid="stop">
        <span aria-hidden="true">■</span> {halted ? "HALTED" : reducing ? "EXITS ONLY" : "STOP"}
      </button>
      <dialog ref={dialog} aria-labelledby="stop-title" onClose={() => setReason("")}>
        <form onSubmit={stop}>
          <h2 id="stop-title">{halted ? "Trading is halted" : reducing ? "Only exits are sent" : "Stop trading?"}</h2>
          {stopped ? (
            <p className="soft">
              {status?.reason || "No reason was given."} {status?.flag ? `Since ${instant(status.flag.at)}, by ${status.flag.by}.` : ""}
            </p>
          ) : (
            <p className="soft">
              Nothing new is opened from the moment you confirm, and it stays so, through restarts too, until a person resumes.
              Open positions stay open: stopping closes nothing.
            </p>
          )}
          {!stopped && (
            <label className="check">
              <input type="checkbox" checked={exits} onChange={(event) => setExits(event.target.checked)} />
              Let exits go on (stops and take-profits of what is held)
            </label>
          )}
          <label className="field">
            Why (for the record)
            <input value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} placeholder="optional" />
          </label>
          {course.step === "told" && (
            <p className="notice" role="status">
              {course.words}
            </p>
          )}
          {course.step === "failed" && <Failed words={course.words} />}
          <div className="row end">
            <button type="button" className="button plain" onClick={() => dialog.current?.close()}>
              {course.step === "told" ? "Close" : "Cancel"}
            </button>
            {stopped && (
              <button type="button" className="button primary" disabled={course.step === "sending"} onClick={() => void resume()}>
                Resume trading
              </button>
            )}
            {!halted && (
              <button type="submit" className="button stop" disabled={course.step === "sending" || course.step === "told"}>
                {course.step === "sending" ? "Stopping…" : reducing ? "Stop exits too" : "Stop trading now"}
              </button>
            )}
          </div>
          {course.step !== "failed" && !halted && (
            <p className="soft">
              Without this page: run <code>strikewise halt</code> on the computer that trades.
            </p>
          )}
        </form>
      </dialog>
    </>
  );
}

function sentenceOf(error: unknown): string {
  return error instanceof RefusedError ? error.message : "The server did not answer.";
}

function Failed({ words }: { words: string }): ReactNode {
  return (
    <div className="notice loss" role="alert">
      <p>
        <b>{words} Trading may still go on.</b> Do one of these on the computer that trades; neither needs the server:
      </p>
      <ol className="steps" style={{ marginTop: 10 }}>
        <li>
          Raise the halt flag:
          <code>strikewise halt</code>
        </li>
        <li>
          Or make the halt file by hand in the data home. The gate looks for it before every order:
          <code>touch "$STRIKEWISE_HOME/halt.json"</code>
        </li>
        <li>Or stop the process, and cancel what works at your broker, on the broker's own page.</li>
      </ol>
    </div>
  );
}
