// Where the page is: the part of the address after `#/`, so that the server needs to know one page only.

import { useSyncExternalStore } from "react";

export interface Route {
  page: string;
  rest: string[];
}

function read(): string {
  return window.location.hash.replace(/^#\/?/, "");
}

/** A part of an address; one that nobody encoded right is taken as it stands, so that the frame stays. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function routeOf(text: string): Route {
  const [page = "", ...rest] = text.split("/").map(decoded);
  return { page: page || "overview", rest: rest.filter((part) => part !== "") };
}

export function useRoute(): Route {
  const text = useSyncExternalStore((listener) => {
    window.addEventListener("hashchange", listener);
    return () => window.removeEventListener("hashchange", listener);
  }, read);
  return routeOf(text);
}

export function link(page: string, ...rest: string[]): string {
  return `#/${[page, ...rest].map(encodeURIComponent).join("/")}`;
}

export function go(page: string, ...rest: string[]): void {
  window.location.hash = link(page, ...rest);
}
