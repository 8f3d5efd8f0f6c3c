import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answered, api } from "../api/client";
import { instant, sentence } from "../format";
import { Badge, Card, Empty, PageHead, Shown } from "../parts/parts";

const LEVELS = ["debug", "info", "warning", "error"] as const;
type Level = (typeof LEVELS)[number];
const KINDS: Record<string, string> = { warning: "warn", error: "loss", critical: "loss", info: "accent" };

export default function Logs(): ReactNode {
  const [level, setLevel] = useState<Level>("info");
  const [text, setText] = useState("");
  const logs = useQuery({
    queryKey: ["logs", level],
    refetchInterval: 5_000,
    placeholderData: (before) => before,
    queryFn: () => answered(api.GET("/api/v1/logs", { params: { query: { level, limit: 300 } } })),
  });
  return (
    <>
      <PageHead title="Logs">What the programs wrote down, newest first, without secrets</PageHead>
      <Card
        title="Lines"
        flush
        aside={
          <>
            <input className="select" type="search" aria-label="Find in the lines" placeholder="Find" value={text} onChange={(event) => setText(event.target.value)} />
            <select className="select" aria-label="Least level" value={level} onChange={(event) => setLevel(event.target.value as Level)}>
              {LEVELS.map((name) => (
                <option key={name} value={name}>
                  {name} and above
                </option>
              ))}
            </select>
          </>
        }
      >
        <Shown query={logs}>
          {(data) => {
            const shown = data.items.filter((line) => !text || JSON.stringify(line).toLowerCase().includes(text.toLowerCase()));
            if (shown.length === 0)
              return <Empty title={text ? "No line says that" : "No lines"}>The trading process and the server write here while they run.</Empty>;
            return (
              <ul className="lines">
                {shown.map((line, n) => (
                  <li key={`${line.at} ${n}`}>
                    <span className="soft nowrap">{instant(line.at)}</span>
                    <Badge quiet kind={KINDS[line.level] ?? ""}>{line.level}</Badge>
                    <span>
                      {sentence(line.event)}{" "}
                      <span className="soft mono" style={{ overflowWrap: "anywhere" }}>
                        {Object.entries(line.pairs ?? {}).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join("  ")}
                      </span>
                    </span>
                  </li>
                ))}
              </ul>
            );
          }}
        </Shown>
      </Card>
    </>
  );
}
