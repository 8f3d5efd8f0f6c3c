import { type ReactNode, useState } from "react";
import { answered, api } from "../api/client";
import type { Reconciliation } from "../api/types";
import { contract, count, instant, sentence } from "../format";
import { Badge, Card, Empty, PageHead, Shown, Tile, Trouble } from "../parts/parts";
import { type Column, DataTable } from "../parts/table";
import { link } from "../route";
import { queries, useReconciliation } from "../state/queries";
import { useMay } from "../state/session";

export default function ReconciliationPage(): ReactNode {
  const found = useReconciliation();
  const may = useMay("trade");
  const [told, setTold] = useState("");
  const [trouble, setTrouble] = useState<unknown>(null);
  const ask = async (): Promise<void> => {
    setTrouble(null);
    try {
      await answered(api.POST("/api/v1/reconciliation", { body: { reason: "asked on the page" } }));
      setTold("A comparison was asked for. The trading process makes it at its next look.");
      void queries.invalidateQueries();
    } catch (error) {
      setTrouble(error);
    }
  };
  return (
    <>
      <div className="row">
        <PageHead title="Reconciliation">What we think we hold, and what the broker says</PageHead>
        <span className="spacer" />
        <button type="button" className="button" disabled={!may} onClick={() => void ask()}>
          Compare now
        </button>
      </div>
      {told && (
        <p className="notice" role="status">
          {told}
        </p>
      )}
      {trouble !== null && <Trouble error={trouble} title="It was not done." />}
      <Shown query={found} height={320}>
        {(data) => <All found={data} />}
      </Shown>
    </>
  );
}

function All({ found }: { found: Reconciliation }): ReactNode {
  return (
    <>
      <dl className="tiles">
        <Tile name="Last agreed" value={found.reconciled_at ? instant(found.reconciled_at) : "never"} />
        <Tile name="Open differences" value={found.open} tone={found.open ? "loss" : ""} />
        <Tile name="Failed attempts since" value={found.failures} tone={found.failures ? "loss" : ""} />
      </dl>
      <Card title="Side by side" flush aside={found.lines.length > 0 ? told(found.lines) : undefined}>
        {found.lines.length ? (
          <DataTable label="Ours and the broker's" rows={found.lines} columns={found.lines.some((one) => one.reason) ? LINES : LINES.slice(0, -1)} tallest={620} keyOf={(row) => row.instrument} />
        ) : (
          <Empty title="Nothing is held on either side" />
        )}
      </Card>
      <div className="grid two">
        <Card title="Differences found" flush>
          {found.differences.length ? (
            <DataTable label="Differences" rows={found.differences} columns={DIFFERENCES} tallest={420} keyOf={(row) => String(row.seq)} />
          ) : (
            <Empty title="None, ever">Each difference that is found stays written here, with what was done about it.</Empty>
          )}
        </Card>
        <Card title="Comparisons" flush>
          {found.comparisons.length ? (
            <DataTable label="Comparisons" rows={found.comparisons} columns={COMPARISONS} tallest={420} keyOf={(row) => String(row.seq)} />
          ) : (
            <Empty title="Nobody compared yet">The trading process compares at its start, after faults, and every session.</Empty>
          )}
        </Card>
      </div>
    </>
  );
}

function told(lines: Reconciliation["lines"]): string {
  const [same, differ] = [lines.filter((one) => agree(one) === true).length, lines.filter((one) => agree(one) === false).length];
  const rest = lines.length - same - differ;
  return [`${same} of ${lines.length} agree`, differ ? `${differ} differ` : "", rest ? `${rest} not compared since they changed` : ""].filter(Boolean).join(" · ");
}

const agree = (row: Reconciliation["lines"][number]): boolean | null => (row.theirs === null ? null : row.ours === row.theirs);

const LINES: Column<Reconciliation["lines"][number]>[] = [
  { id: "instrument", head: "Instrument", phone: 1, by: (row) => row.instrument, cell: (row) => <span title={row.instrument}>{contract(row.instrument)}</span> },
  { id: "ours", head: "Ours", num: true, by: (row) => Number(row.ours), cell: (row) => count(row.ours), phone: 3 },
  { id: "theirs", head: "The broker's", num: true, by: (row) => Number(row.theirs), cell: (row) => (row.theirs === null ? "not asked" : count(row.theirs)), phone: 4 },
  {
    id: "state",
    head: "So they",
    phone: 2,
    by: (row) => String(agree(row)),
    cell: (row) => {
      const same = agree(row);
      return <Badge quiet kind={same === null ? "" : same ? "gain" : "loss"}>{same === null ? "? not compared" : same ? "✓ agree" : "≠ differ"}</Badge>;
    },
  },
  { id: "reason", head: "Remark", prose: true, cell: (row) => sentence(row.reason) },
];
const DIFFERENCES: Column<Reconciliation["differences"][number]>[] = [
  { id: "at", head: "When", by: (row) => row.at, cell: (row) => <a href={link("orders", "fact", String(row.seq))}>{instant(row.at)}</a> },
  { id: "kind", head: "Kind", by: (row) => row.kind, cell: (row) => sentence(row.kind) },
  { id: "what", head: "What", cell: (row) => <span title={row.what}>{contract(row.what)}</span> },
  { id: "ours", head: "Ours", num: true, cell: (row) => row.ours },
  { id: "theirs", head: "Theirs", num: true, cell: (row) => row.theirs },
  { id: "action", head: "Done", cell: (row) => sentence(row.action) },
  { id: "reason", head: "Reason", prose: true, cell: (row) => row.reason },
];
const COMPARISONS: Column<Reconciliation["comparisons"][number]>[] = [
  { id: "at", head: "When", by: (row) => row.at, cell: (row) => <a href={link("orders", "fact", String(row.seq))}>{instant(row.at)}</a> },
  { id: "trigger", head: "Because", by: (row) => row.trigger, cell: (row) => sentence(row.trigger) },
  { id: "differences", head: "Found", num: true, by: (row) => row.differences, cell: (row) => (row.failure ? "–" : row.differences) },
  { id: "open", head: "Left open", num: true, by: (row) => row.open, cell: (row) => (row.failure ? "–" : row.open) },
  { id: "failure", head: "", prose: true, cell: (row) => row.failure },
];
