// The only door to the server: a client typed by its OpenAPI document, with errors as sentences.

import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** An answer that is not what was asked for; the message is a sentence for a person. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly fields: { field: string; message: string }[] = [],
  ) {
    super(message);
    this.name = "RefusedError";
  }
}

let csrf = "";

/** Keep what proves that a change comes from this page; it lives in memory only. */
export function keepToken(token: string): void {
  csrf = token;
}

const LATELY = 60_000;
let touched = Date.now();
for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const) {
  window.addEventListener(kind, () => (touched = Date.now()), { passive: true, capture: true });
}

const guarded: Middleware = {
  onRequest({ request }) {
    // What the page asks by itself while nobody is at it must not keep the session alive.
    if (request.method === "GET" && Date.now() - touched > LATELY) request.headers.set("X-Unattended", "1");
    if (request.method !== "GET") {
      if (csrf) request.headers.set("X-CSRF-Token", csrf);
      if (!request.headers.has("Idempotency-Key")) request.headers.set("Idempotency-Key", freshKey());
    }
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: "same-origin" });
api.use(guarded);

export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Return what was asked for, or throw why not. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  const problem = (typeof error === "object" && error !== null ? error : {}) as Partial<Problem>;
  const fields = (problem.errors ?? []) as { field: string; message: string }[];
  const told = problem.detail ?? `The server answered ${response.status} ${response.statusText}.`;
  throw new RefusedError(response.status, told, fields);
}
