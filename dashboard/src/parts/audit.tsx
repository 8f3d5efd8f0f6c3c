import { useQuery } from "@tanstack/react-query";
import { type ReactNode } from "react";
import { type Schemas, answered, api } from "../api/client";
import { instant, words } from "../format";
import { Badge, Card, Empty, Shown } from "./parts";
import { type Column, DataTable } from "./table";

type Line = Schemas["AuditView"];

const SHOWN = 200;

/** Who came in, was refused or commanded something: the server's own log, each line chained to the one before. */
export function AuditLog(): ReactNode {
  const verdict = useQuery({ queryKey: ["audit", "verify"], queryFn: () => answered(api.GET("/api/v1/audit/verify")) });
  const last = verdict.data?.lines ?? 0;
  const lines = useQuery({
    queryKey: ["audit", last],
    enabled: verdict.isSuccess,
    queryFn: () => answered(api.GET("/api/v1/audit", { params: { query: { after: Math.max(0, last - SHOWN), limit: SHOWN } } })),
  });
  return (
    <Card
      title="Who did what"
      flush
      aside={
        verdict.data && (
          <Badge quiet kind={verdict.data.whole ? "gain" : "loss"} title={verdict.data.problem || "Every line is as it was written"}>
            {verdict.data.whole ? `${last} lines, whole` : "changed by somebody"}
          </Badge>
        )
      }
    >
      <Shown query={lines}>
        {(data) =>
          data.items.length ? (
            <DataTable label="Audit log" rows={[...data.items].reverse()} columns={COLUMNS} tallest={420} keyOf={(row) => String(row.seq)} />
          ) : (
            <Empty title="Nothing yet">Log-ins, refusals and commands are written here.</Empty>
          )
        }
      </Shown>
    </Card>
  );
}

const COLUMNS: Column<Line>[] = [
  { id: "at", head: "When", phone: 1, cell: (row) => instant(row.at) },
  { id: "who", head: "Who", phone: 2, cell: (row) => row.actor || "nobody" },
  { id: "what", head: "What", phone: 3, cell: (row) => <Badge quiet kind={/fail|throttle|refuse/.test(row.action) ? "warn" : ""}>{words(row.action)}</Badge> },
  { id: "detail", head: "Detail", prose: true, cell: (row) => row.detail },
  { id: "from", head: "From", cell: (row) => <span className="mono soft">{row.address}</span> },
];
