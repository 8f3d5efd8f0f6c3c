// A table that sorts by its heads, and tells assistive programs what it is. On a phone it scrolls sideways, or stacks
// each row where one that is cut off would say nothing.

import {
  type Row,
  type SortingState,
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { type ReactNode, useMemo, useState } from "react";
import { useNarrow } from "../state/narrow";

export interface Column<T> {
  id: string;
  head: string;
  title?: string;
  num?: boolean;
  prose?: boolean;
  /** Where it stands on a phone, counted from 1; columns without it follow those that have one. */
  phone?: number;
  /** What the column sorts by; a column without it does not sort. */
  by?: (row: T) => number | string | null;
  cell: (row: T) => ReactNode;
  tone?: (row: T) => string;
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});

function byPhone<T>(columns: readonly Column<T>[]): readonly Column<T>[] {
  return [...columns].sort((a, b) => (a.phone ?? 99) - (b.phone ?? 99));
}

export function DataTable<T extends object>(props: {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  picked?: string | undefined;
  onPick?: ((row: T) => void) | undefined;
  sort?: SortingState;
  foot?: ReactNode;
  /** Pixels from which on the table scrolls in itself. */
  tallest?: number;
  /** Whether a row stands as a block on a phone: its first cell above, the others below with their heads. */
  stacks?: boolean;
}): ReactNode {
  const { keyOf, picked, onPick } = props;
  const narrow = useNarrow();
  const stacked = narrow && props.stacks === true;
  const columns = useMemo(() => (narrow ? byPhone(props.columns) : props.columns), [narrow, props.columns]);
  const [sorting, setSorting] = useState<SortingState>(props.sort ?? []);
  const defined = useMemo(() => {
    const helper = createColumnHelper<typeof features, T>();
    return helper.columns(
      columns.map((column) =>
        helper.accessor((row: T) => column.by?.(row) ?? undefined, {
          id: column.id,
          header: column.head,
          enableSorting: column.by !== undefined,
          sortFn: column.num ? "basic" : "alphanumeric",
          sortUndefined: "last",
        }),
      ),
    );
  }, [columns]);
  const data = useMemo(() => [...props.rows], [props.rows]);
  const table = useTable({
    features,
    columns: defined,
    data,
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: (row) => keyOf(row),
  });
  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={props.label} style={props.tallest === undefined ? undefined : { maxHeight: props.tallest, overflowY: "auto" }}>
      {/* The roles are said, because a row that is no table's row to the eye may be none to other programs. */}
      <table className={stacked ? "data stacked" : "data"} role="table">
        <thead role="rowgroup">
          <tr role="row">
            {table.getHeaderGroups()[0]?.headers.map((header) => {
              const column = byId.get(header.column.id);
              const order = header.column.getIsSorted();
              const sorted = order === "asc" ? "ascending" : order === "desc" ? "descending" : undefined;
              return (
                <th key={header.id} scope="col" role="columnheader" className={column?.num ? "num" : ""} aria-sort={sorted} title={column?.title}>
                  {column?.by && !stacked ? (
                    <button type="button" onClick={header.column.getToggleSortingHandler()}>
                      {column.head}
                      {order === "asc" ? " ↑" : order === "desc" ? " ↓" : ""}
                    </button>
                  ) : (
                    column?.head
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {table.getRowModel().rows.map((row: Row<typeof features, T>) => {
            const id = keyOf(row.original);
            return (
              <tr
                key={row.id}
                role="row"
                className={picked === id ? "picked" : ""}
                data-pick={onPick ? "" : undefined}
                onClick={onPick ? () => onPick(row.original) : undefined}
              >
                {columns.map((column) => (
                  <td
                    key={column.id}
                    role="cell"
                    data-head={column.head}
                    className={`${column.num ? "num" : ""} ${column.prose ? "prose" : ""} ${column.tone?.(row.original) ?? ""}`}
                  >
                    {column.cell(row.original)}
                  </td>
                ))}
              </tr>
            );
          })}
          {props.foot}
        </tbody>
      </table>
    </div>
  );
}
