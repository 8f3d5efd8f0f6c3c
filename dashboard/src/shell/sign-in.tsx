import { type FormEvent, type ReactNode, useState } from "react";
import { RefusedError } from "../api/client";
import type { Session } from "../api/types";
import { setUp, signIn } from "../state/session";

/** The page before the pages: logging in, or making the first account with the one-time address. */
export function SignIn({ session, ended = false }: { session: Session; ended?: boolean }): ReactNode {
  // The one-time code stands behind `#`, where no server and no log ever sees it.
  const [code] = useState(() => (window.location.pathname === "/setup" ? window.location.hash.slice(1) : ""));
  const fresh = session.state === "new";
  const making = code !== "";
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setTrouble("");
    try {
      await (making ? setUp(code, name, password) : signIn(name, password));
      if (making) window.history.replaceState(null, "", "/");
    } catch (error) {
      setPassword("");
      setTrouble(error instanceof RefusedError ? error.message : "The server does not answer. Is `strikewise serve` running?");
    } finally {
      setBusy(false);
    }
  };
  return (
    <main id="content" className="sign-in" tabIndex={-1}>
      <form className="card" onSubmit={(event) => void submit(event)}>
        <h1>{making ? (fresh ? "Make the first account" : "Choose a name and a password") : "Log in"}</h1>
        {fresh && !making && (
          <p className="notice">
            Nobody has an account yet. Open the one-time address that <code>strikewise serve</code> printed when it started.
          </p>
        )}
        {ended && !making && (
          <p className="notice warn" role="status">
            Your session has ended: log in again. Trading goes on as it was.
          </p>
        )}
        <label className="field">
          Name
          <input name="name" autoComplete="username" required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label className="field">
          Password
          <input
            name="password"
            type="password"
            autoComplete={making ? "new-password" : "current-password"}
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        {trouble && (
          <p className="notice loss" role="alert">
            {trouble}
          </p>
        )}
        <button type="submit" className="button primary" disabled={busy}>
          {busy ? "One moment…" : making ? "Make it" : "Log in"}
        </button>
        <p className="soft">
          Stopping works without logging in: <code>strikewise halt</code> on the computer that trades.
        </p>
      </form>
    </main>
  );
}
