// The stream of events: a snapshot first, then a delta for each fact, and the state whenever it changed. When it breaks, it is opened anew with growing
// pauses; whether the server is down is asked of the server, not guessed.

import { useSyncExternalStore } from "react";
import type { Account, Position, Session, Status } from "../api/types";
import { queries } from "./queries";

export type Connection = "connecting" | "open" | "down";

interface Told {
  seq: number;
  status: Status;
  account: Account;
  positions: Position[];
}

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 15_000;
const REFRESH_PAUSE = 1_500;
const ALIVE = "/health/live";

let state: { connection: Connection; since: number } = { connection: "connecting", since: Date.now() };
let source: EventSource | null = null;
let pause = FIRST_PAUSE;
let timer: number | undefined;
let refresh: number | undefined;
let started = false;
/** The last fact that was told; null until the first snapshot. */
let known: number | null = null;
const listeners = new Set<() => void>();

function put(connection: Connection): void {
  if (state.connection === connection) return;
  state = { connection, since: Date.now() };
  for (const listener of listeners) listener();
}

function take(message: MessageEvent<string>): void {
  let told: Told;
  try {
    told = JSON.parse(message.data) as Told;
  } catch {
    return;
  }
  queries.setQueryData(["status"], told.status);
  queries.setQueryData(["account"], told.account);
  queries.setQueryData(["positions"], { items: told.positions, next: null });
  // A snapshot of a stream that broke: what happened meanwhile came as no delta.
  if (known !== null && told.seq !== known && message.type === "snapshot") refreshSoon();
  known = told.seq;
}

/** Ask again for what is on the screen, soon and once, however many facts came. */
function refreshSoon(): void {
  refresh ??= window.setTimeout(() => {
    refresh = undefined;
    void queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "symbols" });
  }, REFRESH_PAUSE);
}

function open(): void {
  source?.close();
  if (document.visibilityState === "hidden") return; // opened behind another page: it begins when it is seen
  source = new EventSource("/api/v1/stream");
  source.addEventListener("open", () => {
    pause = FIRST_PAUSE;
    const was = state.connection;
    put("open");
    if (was === "down") void queries.invalidateQueries();
  });
  source.addEventListener("snapshot", take);
  source.addEventListener("state", take);
  source.addEventListener("delta", refreshSoon);
  source.addEventListener("error", () => {
    source?.close();
    source = null;
    void later();
  });
}

async function later(): Promise<void> {
  const alive = await answers();
  if (!started || document.visibilityState === "hidden") return;
  put(alive ? "connecting" : "down");
  if (alive && (await signedOut())) return;
  window.clearTimeout(timer);
  timer = window.setTimeout(open, pause * (0.8 + 0.4 * Math.random()));
  pause = Math.min(LONGEST_PAUSE, pause * 2);
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(ALIVE, { cache: "no-store" })).status < 500;
  } catch {
    return false;
  }
}

async function signedOut(): Promise<boolean> {
  try {
    const answer = await fetch("/api/v1/session", { cache: "no-store" });
    const session = (await answer.json()) as Session;
    if (session.state !== "open") queries.setQueryData(["session"], session);
    return session.state !== "open";
  } catch {
    return false;
  }
}

/** Open the stream; the answer closes it. */
export function connect(): () => void {
  started = true;
  open();
  const retry = (): void => {
    // A browser opens six connections to a server: streams of pages that nobody sees must not keep the stop button waiting.
    if (document.visibilityState === "hidden") {
      source?.close();
      source = null;
      window.clearTimeout(timer);
      if (state.connection === "open") put("connecting");
    } else if (state.connection !== "open") {
      pause = FIRST_PAUSE;
      window.clearTimeout(timer);
      open();
    }
  };
  document.addEventListener("visibilitychange", retry);
  window.addEventListener("online", retry);
  return () => {
    started = false;
    source?.close();
    source = null;
    window.clearTimeout(timer);
    document.removeEventListener("visibilitychange", retry);
    window.removeEventListener("online", retry);
  };
}

/** Try at once, because somebody asked for it. */
export function tryAgain(): void {
  window.clearTimeout(timer);
  pause = FIRST_PAUSE;
  open();
}

export function useConnection(): { connection: Connection; since: number } {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
