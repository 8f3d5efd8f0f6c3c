// Where the page is: the part of the address after `#/`, so that the server needs to know one page only.

import { useSyncExternalStore } from "react";

export interface Route {
  page: string;
  rest: string[];
}

function read(): string {
  return window.location.hash.replace(/^#\/?/, "");
}

export function routeOf(text: string): Route {
  const [page = "", ...rest] = text.split("/").map(decodeURIComponent);
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
