import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { type Schemas, answered, api } from "../api/client";
import { day, instant } from "../format";
import { queries } from "../state/queries";
import { Act } from "./act";
import { Badge, Card, Empty, Shown, Trouble } from "./parts";
import { type Column, DataTable } from "./table";

type Token = Schemas["TokenView"];
type Scope = Token["scope"];

const SCOPES: readonly Scope[] = ["read", "trade", "admin"];

/** Tokens of programs: made here, shown once, taken back at any time. */
export function Tokens(): ReactNode {
  const tokens = useQuery({ queryKey: ["tokens"], queryFn: () => answered(api.GET("/api/v1/tokens")) });
  const [made, setMade] = useState("");
  const [trouble, setTrouble] = useState<unknown>(null);
  const make = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    setTrouble(null);
    try {
      const body = { label: String(data.get("label")), scope: String(data.get("scope")) as Scope, days: Number(data.get("days")) };
      setMade((await answered(api.POST("/api/v1/tokens", { body }))).text);
      form.reset();
      void queries.invalidateQueries({ queryKey: ["tokens"] });
    } catch (error) {
      setTrouble(error);
    }
  };
  return (
    <Card title="Tokens of programs" flush>
      <form className="row" style={{ padding: "4px 14px 10px", alignItems: "end" }} onSubmit={(event) => void make(event)}>
        <label className="field">
          What it is for
          <input name="label" required maxLength={80} pattern=".*\S.*" />
        </label>
        <label className="field">
          It may
          <select name="scope">
            {SCOPES.map((scope) => (
              <option key={scope}>{scope}</option>
            ))}
          </select>
        </label>
        <label className="field">
          Days
          <input name="days" type="number" min={1} max={3650} defaultValue={90} required />
        </label>
        <button type="submit" className="button">
          Make a token
        </button>
      </form>
      {made && (
        <p className="notice" role="status" style={{ margin: "0 14px 10px" }}>
          This is the only time it is shown: <code style={{ overflowWrap: "anywhere" }} data-testid="token">{made}</code>
        </p>
      )}
      {trouble !== null && <Trouble error={trouble} title="It was not done." />}
      <Shown query={tokens}>
        {(data) =>
          data.items.length ? (
            <DataTable label="Tokens" rows={data.items} columns={COLUMNS} keyOf={(row) => row.token_id} />
          ) : (
            <Empty title="No tokens">Programs show one in the header Authorization; see the reference of the API.</Empty>
          )
        }
      </Shown>
    </Card>
  );
}

const COLUMNS: Column<Token>[] = [
  { id: "label", head: "For", phone: 1, by: (row) => row.label, cell: (row) => row.label },
  { id: "scope", head: "May", by: (row) => row.scope, cell: (row) => <Badge quiet>{row.scope}</Badge> },
  { id: "made", head: "Made", by: (row) => row.made_at, cell: (row) => `${day(row.made_at, true)} by ${row.made_by}` },
  { id: "used", head: "Last used", by: (row) => row.used_at ?? null, cell: (row) => (row.used_at ? instant(row.used_at) : "never") },
  { id: "ends", head: "Ends", by: (row) => row.expires_at ?? null, cell: (row) => (row.revoked_at ? "taken back" : row.expires_at ? day(row.expires_at, true) : "never") },
  {
    id: "act",
    head: "",
    phone: 2,
    cell: (row) =>
      row.revoked_at ? null : (
        <Act
          small
          scope="admin"
          name="Take back"
          question={`Take back the token for ${row.label}?`}
          explanation="Whatever uses it is refused from now on."
          confirm="Take it back"
          told="Taken back."
          act={() => answered(api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: row.token_id } } }))}
        />
      ),
  },
];
