import { type ReactNode } from "react";
import type { Job } from "../api/types";
import { sentence } from "../format";

/** How far a piece of work is. */
export function Progress({ job }: { job: Job | undefined }): ReactNode {
  if (!job || job.state === "done") return null;
  if (job.state === "failed") {
    return (
      <div className="problem" role="alert">
        <b>It did not work out.</b>
        {job.problem}
      </div>
    );
  }
  const known = job.whole > 0;
  return (
    <div className="notice" role="status" style={{ display: "grid", gap: 6 }}>
      <span>
        {sentence(job.what || job.state)}
        {known && `: ${job.done} of ${job.whole}`}
      </span>
      <progress max={known ? job.whole : 1} {...(known ? { value: job.done } : {})} aria-label="Progress" style={{ width: "100%" }} />
    </div>
  );
}
