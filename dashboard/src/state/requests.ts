// What became of something that was asked for: the trading process meets requests at its next look.

import { useQuery } from "@tanstack/react-query";
import { answered, api } from "../api/client";
import type { Told } from "../api/types";

/** Watch a request until it is met or refused. */
export const useOutcome = (told: Told | undefined) =>
  useQuery({
    queryKey: ["request", told?.request ?? 0],
    enabled: told?.request !== null && told?.request !== undefined,
    initialData: told,
    queryFn: () => answered(api.GET("/api/v1/control/requests/{request}", { params: { path: { request: told?.request ?? 0 } } })),
    refetchInterval: (query) => (query.state.data?.state === "waiting" ? 1_000 : false),
  });
