import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useRef, useState } from "react";
import { RefusedError, answered, api } from "../api/client";
import type { CheckedSettings, SettingsFile } from "../api/types";
import { instant } from "../format";
import { Badge, Card, Empty, PageHead, Shown, Trouble } from "../parts/parts";
import { Tokens } from "../parts/tokens";
import { queries } from "../state/queries";
import { confirmPassword, useMay, useSession } from "../state/session";

export default function Settings(): ReactNode {
  const may = useMay("admin");
  const [said, say] = useState(""); // kept here: what was saved is another file, with an editor of its own
  const settings = useQuery({ queryKey: ["settings"], staleTime: Infinity, queryFn: () => answered(api.GET("/api/v1/settings")) });
  // What is being edited stays on the screen when somebody else saves meanwhile: nobody's words are thrown away.
  const [edited, edit] = useState<SettingsFile | null>(null);
  const behind = edited !== null && settings.data !== undefined && edited.digest !== settings.data.digest;
  return (
    <>
      <PageHead title="Settings">Checked and compared before they are replaced; used without a restart</PageHead>
      <Taken />
      <Shown query={settings} height={460}>
        {(data) => {
          const file = edited ?? data;
          return <Editor key={file.digest} text={file.toml} digest={file.digest} values={file.values} said={said} say={say} edits={(dirty) => edit(dirty ? file : null)} />;
        }}
      </Shown>
      {behind && (
        <p className="notice warn" role="status">
          The file was changed meanwhile, so what you wrote cannot be saved over it: copy what you need, press Undo all, and write it anew.
        </p>
      )}
      {may && <Tokens />}
    </>
  );
}

/** Whether the process that trades goes by the file as it is, since when, and what waits for its next start. */
function Taken(): ReactNode {
  // Asked for apart, so that what is being edited stays as it is.
  const { data } = useQuery({ queryKey: ["settings", "taken"], refetchInterval: 5_000, queryFn: () => answered(api.GET("/api/v1/settings")) });
  if (!data) return null;
  const running = data.running;
  if (!running) return <p className="soft">No process trades now: the settings count when one starts.</p>;
  const who = running.by === "settings" ? ", changed in the file itself" : running.by ? `, saved by ${running.by.replace("person:", "")}` : "";
  if (!running.digest) return <p className="soft">The process that trades keeps the settings that it began with.</p>;
  const restart = running.restart ?? [];
  return (
    <p className={running.current ? "soft" : "notice warn"}>
      {running.digest === data.digest
        ? `In force in the process that trades since ${instant(running.since)}${who}.`
        : "Saved, and not taken up by the process that trades yet."}
      {restart.length > 0 && ` Needs a restart of it: ${restart.join(", ")}.`}
    </p>
  );
}

interface Edited {
  text: string;
  digest: string;
  values: Record<string, unknown>;
  said: string;
  say: (text: string) => void;
  /** Told whether the text differs from the file. */
  edits: (dirty: boolean) => void;
}

function Editor({ text: before, digest, values, said, say, edits }: Edited): ReactNode {
  const may = useMay("admin");
  const name = useSession().data?.name ?? "";
  const [text, setText] = useState(before);
  const [checked, setChecked] = useState<CheckedSettings | null>(null);
  const [trouble, setTrouble] = useState<unknown>(null);
  const [password, setPassword] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  const dirty = text !== before;

  const check = async (): Promise<void> => {
    setTrouble(null);
    say("");
    try {
      setChecked(await answered(api.POST("/api/v1/settings/check", { body: { toml: text } })));
    } catch (error) {
      setTrouble(error);
    }
  };
  const save = async (): Promise<void> => {
    setTrouble(null);
    try {
      await answered(api.PUT("/api/v1/settings", { body: { toml: text, digest } }));
      setChecked(null);
      edits(false);
      say("Saved. The server uses them at once, the process that trades before its next decision.");
      void queries.invalidateQueries();
    } catch (error) {
      if (error instanceof RefusedError && error.status === 403 && checked?.dangerous) dialog.current?.showModal();
      else setTrouble(error);
    }
  };
  const confirm = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await confirmPassword(password);
      dialog.current?.close();
      await save();
    } catch (error) {
      dialog.current?.close();
      setTrouble(error);
    }
    setPassword("");
  };
  const undo = (): void => {
    setText(before);
    setChecked(null);
    edits(false);
  };
  const savable = dirty && checked !== null && checked.problems.length === 0;
  return (
    <div className="grid two">
      <Card title="The file" aside={dirty ? <Badge quiet kind="warn">changed here</Badge> : <Badge quiet>as saved</Badge>}>
        <textarea
          className="editor mono"
          aria-label="Settings as TOML"
          spellCheck={false}
          value={text}
          readOnly={!may}
          onChange={(event) => {
            setText(event.target.value);
            setChecked(null);
            edits(event.target.value !== before);
          }}
        />
        <div className="row end" style={{ marginTop: 10 }}>
          {!may && <span className="soft">Only an administrator can change them.</span>}
          <button type="button" className="button plain" disabled={!dirty} onClick={undo}>
            Undo all
          </button>
          <button type="button" className="button" disabled={!may || !dirty} onClick={() => void check()}>
            Check
          </button>
          <button type="button" className="button primary" disabled={!savable} onClick={() => void save()}>
            Save
          </button>
        </div>
        {said && (
          <p className="notice" role="status" style={{ marginTop: 10 }}>
            {said}
          </p>
        )}
        {trouble !== null && <Trouble error={trouble} title="It was not done." />}
      </Card>
      <Card title={checked || dirty ? "What would change" : "In force"}>
        {checked ? (
          <Changes checked={checked} />
        ) : dirty ? (
          <Empty title="Not checked yet">Check the file to see what would change. Nothing is saved by checking.</Empty>
        ) : (
          <InForce values={values} />
        )}
      </Card>
      <dialog ref={dialog} aria-labelledby="confirm-title">
        <form onSubmit={(event) => void confirm(event)}>
          <h2 id="confirm-title">This may lose more money</h2>
          <p className="soft">Give your password to go on. It is good for five minutes.</p>
          <input className="hidden-visually" type="text" name="name" autoComplete="username" value={name} readOnly tabIndex={-1} aria-hidden="true" />
          <label className="field">
            Password
            <input type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
          </label>
          <div className="row end">
            <button type="button" className="button plain" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="submit" className="button primary">
              Save all the same
            </button>
          </div>
        </form>
      </dialog>
    </div>
  );
}

/** Every setting with its value, those of the file and the defaults, by the name that the file gives it. */
function flat(values: Record<string, unknown>, before = ""): [string, unknown][] {
  return Object.entries(values).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
      ? flat(value as Record<string, unknown>, `${before}${name}.`)
      : [[`${before}${name}`, value] as [string, unknown]],
  );
}

function InForce({ values }: { values: Record<string, unknown> }): ReactNode {
  const [text, setText] = useState("");
  const rows = flat(values).filter(([name]) => name.includes(text.toLowerCase().trim()));
  return (
    <>
      <input className="select" type="search" aria-label="Find a setting" placeholder="Find a setting" value={text} onChange={(event) => setText(event.target.value)} />
      <div className="scroll" tabIndex={0} role="region" aria-label="Settings in force" style={{ maxHeight: 410, overflowY: "auto", marginTop: 8 }}>
        <dl className="in-force mono">
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className={value === null ? "soft" : ""}>{told(value)}</dd>
            </div>
          ))}
        </dl>
        {rows.length === 0 && <Empty title="No setting is called that" />}
      </div>
    </>
  );
}

const told = (value: unknown): string => (value === null || value === undefined ? "not set" : JSON.stringify(value));

function Changes({ checked }: { checked: CheckedSettings }): ReactNode {
  if (checked.problems.length > 0) {
    return (
      <div role="alert" style={{ display: "grid", gap: 8 }}>
        {checked.problems.map((one) => (
          <p className="notice loss" key={one} style={{ whiteSpace: "pre-wrap" }}>
            {one}
          </p>
        ))}
      </div>
    );
  }
  if (checked.changes.length === 0) return <Empty title="No setting differs">Only comments, spaces or a hidden password were touched. They can be saved all the same.</Empty>;
  return (
    <div style={{ display: "grid", gap: 10 }} role="status">
      {checked.dangerous && <p className="notice warn">Some of this may lose more money than before: your password is asked for again.</p>}
      {checked.changes.map((one) => (
        <div key={one.name}>
          <b className="strong mono">{one.name}</b> {one.dangerous && <Badge quiet kind="warn">may lose more</Badge>}{" "}
          {one.restart && <Badge quiet>needs a restart</Badge>}
          <div className="diff mono">
            <div className="minus">− {told(one.before)}</div>
            <div className="plus">+ {told(one.after)}</div>
          </div>
        </div>
      ))}
    </div>
  );
}
