// What the page asks the server, each question with one name; the stream writes into the same places.

import { QueryCache, QueryClient, useQuery } from "@tanstack/react-query";
import { RefusedError, answered, api } from "../api/client";

/** An answer that says nobody is logged in (any more): ask who is, so that the page before the pages comes. */
const cache: QueryCache = new QueryCache({
  onError: (error) => {
    if (error instanceof RefusedError && error.status === 401) void queries.invalidateQueries({ queryKey: ["session"] });
  },
});

export const queries: QueryClient = new QueryClient({
  queryCache: cache,
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => !(error instanceof RefusedError && error.status < 500) && count < 2,
    },
  },
});

export const useStatus = (enabled = true) =>
  useQuery({
    queryKey: ["status"],
    enabled,
    queryFn: () => answered(api.GET("/api/v1/status")),
    refetchInterval: 15_000,
  });

export const useAccount = () => useQuery({ queryKey: ["account"], queryFn: () => answered(api.GET("/api/v1/account")) });

export const useEquity = () => useQuery({ queryKey: ["equity"], queryFn: () => answered(api.GET("/api/v1/equity")) });

export const usePositions = () =>
  useQuery({ queryKey: ["positions"], queryFn: () => answered(api.GET("/api/v1/positions")) });

export const usePayoff = (id: string | undefined, days: number, shift: number) =>
  useQuery({
    queryKey: ["payoff", id, days, shift],
    enabled: id !== undefined,
    placeholderData: (before) => before,
    queryFn: () =>
      answered(
        api.GET("/api/v1/positions/{position_id}/payoff", {
          params: { path: { position_id: id ?? "" }, query: { days, vol_shift: shift } },
        }),
      ),
  });

export const useSymbols = () =>
  useQuery({ queryKey: ["symbols"], staleTime: 60_000, queryFn: () => answered(api.GET("/api/v1/symbols")) });

export const useChart = (symbol: string | undefined, sessions: number) =>
  useQuery({
    queryKey: ["chart", symbol, sessions],
    enabled: symbol !== undefined,
    placeholderData: (before) => before,
    queryFn: () =>
      answered(
        api.GET("/api/v1/chart/{symbol}", { params: { path: { symbol: symbol ?? "" }, query: { sessions } } }),
      ),
  });

export const useVolatility = (symbol: string | undefined, ranks: number, smiles = true) =>
  useQuery({
    queryKey: ["volatility", symbol, ranks, smiles],
    enabled: symbol !== undefined,
    staleTime: 30_000,
    queryFn: () =>
      answered(
        api.GET("/api/v1/volatility/{symbol}", { params: { path: { symbol: symbol ?? "" }, query: { ranks, smiles } } }),
      ),
  });

export const useStrategies = () =>
  useQuery({ queryKey: ["strategies"], staleTime: Infinity, queryFn: () => answered(api.GET("/api/v1/strategies")) });

/** Signals that a person is asked about now, newest first. */
export const useOffered = () =>
  useQuery({
    queryKey: ["offered"],
    queryFn: () => answered(api.GET("/api/v1/signals", { params: { query: { limit: 50, answerable: true } } })),
    select: (found) => found.items.filter((one) => one.decision === "offered"),
  }).data ?? [];

export const useReconciliation = () =>
  useQuery({ queryKey: ["reconciliation"], queryFn: () => answered(api.GET("/api/v1/reconciliation")) });
