// Who looks at the page. The cookie that proves it is out of reach of scripts; what proves that a change comes
// from this page is kept in memory only.

import { useQuery } from "@tanstack/react-query";
import { answered, api, keepToken } from "../api/client";
import type { Session } from "../api/types";
import { queries } from "./queries";

function entered(session: Session): Session {
  keepToken(session.csrf);
  return session;
}

export const useSession = () =>
  useQuery({
    queryKey: ["session"],
    staleTime: 60_000,
    retry: false,
    queryFn: async () => entered(await answered(api.GET("/api/v1/session"))),
  });

/** Whether somebody may do what takes a scope. */
export function useMay(scope: "read" | "trade" | "admin"): boolean {
  const ranks = ["read", "trade", "admin"];
  const own = useSession().data?.scope;
  return ranks.indexOf(own ?? "") >= ranks.indexOf(scope);
}

async function begin(session: Session): Promise<void> {
  queries.setQueryData(["session"], entered(session));
  await queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" });
}

export async function signIn(name: string, password: string): Promise<void> {
  await begin(await answered(api.POST("/api/v1/session", { body: { name, password } })));
}

export async function setUp(code: string, name: string, password: string): Promise<void> {
  await begin(await answered(api.POST("/api/v1/setup", { body: { code, name, password } })));
}

export async function confirmPassword(password: string): Promise<void> {
  queries.setQueryData(["session"], entered(await answered(api.POST("/api/v1/session/confirm", { body: { password } }))));
}

export async function signOut(): Promise<void> {
  await answered(api.DELETE("/api/v1/session"));
  keepToken("");
  window.location.hash = "";
  window.location.reload();
}
