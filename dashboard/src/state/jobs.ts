// Work that takes long: begun, watched, and taken over when it is done.

import { useQuery } from "@tanstack/react-query";
import { answered, api } from "../api/client";
import type { Job } from "../api/types";

export const over = (job: Job): boolean => job.state === "done" || job.state === "failed";

/** Watch a job until it is over. */
export const useJob = (id: string | undefined) =>
  useQuery({
    queryKey: ["job", id],
    enabled: id !== undefined,
    queryFn: () => answered(api.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: id ?? "" } } })),
    refetchInterval: (query) => (query.state.data && over(query.state.data) ? false : 700),
  });
