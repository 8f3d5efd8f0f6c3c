import { type ReactNode } from "react";

export function SymbolChoice(props: {
  symbols: readonly string[];
  symbol: string | undefined;
  onChange: (symbol: string) => void;
}): ReactNode {
  return (
    <select className="select" aria-label="Underlying" value={props.symbol ?? ""} onChange={(event) => props.onChange(event.target.value)}>
      {props.symbols.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}
