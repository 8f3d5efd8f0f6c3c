// The frame around every page: whose money it is, what may be sent, how old the data are, and the stop button.

import { type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import type { Status } from "../api/types";
import { ageOf, duration, instant } from "../format";
import { Badge, GradeBadge, Waiting } from "../parts/parts";
import { Guard } from "../parts/guard";
import { link, useRoute } from "../route";
import { type Connection, connect, tryAgain, useConnection } from "../state/connection";
import { useStatus } from "../state/queries";
import { signOut, useSession } from "../state/session";
import { switchTheme, useTheme } from "../theme/theme";
import { PAGES } from "./pages";
import { SignIn } from "./sign-in";
import { StopButton } from "./stop";

const MODES: Record<string, [string, string, string]> = {
  paper: ["accent", "Paper", "Simulated orders; nobody's money"],
  live: ["money", "Live", "Real orders with real money"],
  replay: ["violet", "Replay", "The stored past, played again"],
  off: ["", "Not running", "No trading process runs"],
};
const STATES: Record<string, [string, string]> = {
  active: ["gain", "active"],
  reducing: ["warn", "reducing"],
  halted: ["loss", "halted"],
};

export function Shell(): ReactNode {
  const session = useSession();
  const { connection } = useConnection();
  const signedIn = session.data?.state === "open";
  const entered = useRef(false);
  useEffect(() => {
    if (signedIn) entered.current = true;
  }, [signedIn]);
  const status = useStatus(signedIn);
  useEffect(() => (signedIn ? connect() : undefined), [signedIn]);
  const away = connection === "down" || (session.isError && !session.data);
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <TopBar status={status.data} signedIn={signedIn} connection={away ? "down" : connection} />
      {away && <Down />}
      {session.data && !signedIn ? <SignIn session={session.data} ended={entered.current} /> : session.isPending ? <Waiting height={300} /> : <Content />}
    </>
  );
}

function Down(): ReactNode {
  return (
    <div className="banner down" role="alert" data-testid="server-down">
      The server does not answer. Trading may still go on; what you see may be old. To stop: <code>strikewise halt</code>{" "}
      <button type="button" className="button small" onClick={tryAgain}>
        Try again
      </button>
    </div>
  );
}

function TopBar(props: { status: Status | undefined; signedIn: boolean; connection: Connection }): ReactNode {
  const { status, signedIn, connection } = props;
  const { page } = useRoute();
  const theme = useTheme();
  const nav = useRef<HTMLElement>(null);
  const [kind, mode, title] = MODES[status?.mode ?? ""] ?? ["", status?.mode ?? "…", ""];
  const [tone, state] = STATES[status?.state ?? ""] ?? ["", status?.state ?? "…"];
  useEffect(() => {
    nav.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [page, signedIn]);
  return (
    <header className="top">
      <div className="top-row">
        <a className="brand" href={link("overview")}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M1 13 L6 13 L10 4 L15 4" fill="none" stroke="var(--gain)" strokeWidth={2.2} />
          </svg>
          <span className="only-wide">strikewise</span>
          <span className="hidden-visually">strikewise, overview</span>
        </a>
        <Badge kind={kind} title={title}>
          {mode}
        </Badge>
        {status && (
          <Badge kind={tone} title={status.reason}>
            {state}
          </Badge>
        )}
        <span className="spacer" />
        <Light connection={connection} />
        <button
          type="button"
          className="button plain"
          onClick={switchTheme}
          aria-label={theme === "dark" ? "Switch to light" : "Switch to dark"}
          title={theme === "dark" ? "Switch to light" : "Switch to dark"}
        >
          <svg viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth={1.6}>
            <circle cx={10} cy={10} r={6.5} />
            <path d="M10 3.5a6.5 6.5 0 0 1 0 13z" fill="currentColor" stroke="none" />
          </svg>
        </button>
        {signedIn && (
          <button type="button" className="button plain" onClick={() => void signOut()} aria-label="Log out" title="Log out">
            <span className="only-wide">Log out</span>
            <svg className="only-narrow" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth={1.6}>
              <path d="M8 3.5H4v13h4M12.5 6.5 16 10l-3.5 3.5M16 10H8" />
            </svg>
          </button>
        )}
        <StopButton status={status} />
      </div>
      {signedIn && (
        <nav className="nav" aria-label="Pages" ref={nav}>
          {PAGES.map((one) => (
            <a key={one.name} href={link(one.name)} aria-current={one.name === page ? "page" : undefined}>
              {one.title}
            </a>
          ))}
        </nav>
      )}
    </header>
  );
}

function Light({ connection }: { connection: Connection }): ReactNode {
  const [level, words] = { open: ["good", "connected"], connecting: ["warn", "connecting"], down: ["bad", "server down"] }[connection] ?? ["", ""];
  return (
    <span className={`light ${level}`} role="status">
      <i aria-hidden="true" />
      <span className={connection === "down" ? "" : "only-wide"}>{words}</span>
    </span>
  );
}

function Content(): ReactNode {
  const { page, rest } = useRoute();
  const status = useStatus();
  const found = PAGES.find((one) => one.name === page) ?? PAGES[0];
  const View = found?.view;
  useEffect(() => {
    document.title = `${found?.title ?? ""} · strikewise`;
  }, [found]);
  return (
    <>
      {status.data?.mode === "live" && <div className="banner money">REAL MONEY</div>}
      {status.data && status.data.state !== "active" && (
        <div className="banner halted" role="status">
          {status.data.state === "halted" ? "Halted: nothing new is opened." : "Reducing: only exits are sent."} {status.data.reason}
        </div>
      )}
      {status.data && <Facts status={status.data} />}
      <main id="content" tabIndex={-1}>
        <Guard key={found?.name}>
          <Suspense fallback={<Waiting height={320} />}>{View && <View rest={rest} />}</Suspense>
        </Guard>
      </main>
    </>
  );
}

function Facts({ status }: { status: Status }): ReactNode {
  const age = useAge(status);
  return (
    <dl className="facts-row" aria-label="Data and agreement">
      <div>
        <dt>Data</dt>
        <dd title={status.data_as_of ? `The oldest of the latest chains was taken ${instant(status.data_as_of)}` : undefined}>
          {age === null ? (
            "none yet"
          ) : (
            <>
              {duration(age)} old<span className="only-wide soft"> · {instant(status.data_as_of)}</span>
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Grade</dt>
        <dd>
          <GradeBadge grade={status.data_grade} />
        </dd>
      </div>
      <div>
        <dt>Reconciled</dt>
        <dd>
          {status.reconciled_at ? instant(status.reconciled_at) : "never"}
          {status.reconciliation_open > 0 && <span className="loss"> · {status.reconciliation_open} open</span>}
        </dd>
      </div>
      {status.unresolved_orders > 0 && (
        <div>
          <dt>Unresolved orders</dt>
          <dd className="loss">{status.unresolved_orders}</dd>
        </div>
      )}
      {!status.running && (
        <div className="only-wide">
          <dt>Last beat</dt>
          <dd>{status.heartbeat_at ? instant(status.heartbeat_at) : "never"}</dd>
        </div>
      )}
      <div className="only-wide">
        <dt>Market time</dt>
        <dd>{instant(status.market_at)}</dd>
      </div>
      <div className="only-wide">
        <dt>Account</dt>
        <dd>{status.account}</dd>
      </div>
    </dl>
  );
}

/** The age of the data, counted on by the second where a process runs on the clock of the wall. */
function useAge(status: Status): number | null {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    setElapsed(0);
    if (!status.running || status.mode === "replay") return;
    const start = Date.now();
    const timer = window.setInterval(() => setElapsed((Date.now() - start) / 1000), 1000);
    return () => window.clearInterval(timer);
  }, [status]);
  const age = ageOf(status);
  return age === null ? null : age + elapsed;
}
