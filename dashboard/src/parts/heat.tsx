// A heat map that is a table: every cell can be read, by people and by programs that read to them.

import { type ReactNode } from "react";

export interface HeatProps {
  label: string;
  corner: string;
  columns: readonly string[];
  rows: readonly string[];
  values: readonly (readonly (number | null)[])[];
  text: (value: number) => string;
  /** `even` runs from the lowest to the highest, `signed` from loss over nothing to gain. */
  scale: "even" | "signed";
  /** Drop every second column head, where there is little room. */
  sparse?: boolean;
  /** Taller cells, where the map has a card of its own. */
  roomy?: boolean;
  /** Least width of a cell, pixels; the map scrolls where there is less room. */
  cell?: number;
  now?: { row: number; column: number } | undefined;
}

type Rgb = readonly [number, number, number];

const EVEN: readonly Rgb[] = [
  [23, 49, 79],
  [24, 88, 113],
  [33, 125, 132],
  [120, 160, 118],
  [233, 196, 106],
  [240, 142, 88],
  [228, 99, 76],
];
const SIGNED: readonly Rgb[] = [
  [172, 32, 50],
  [206, 92, 94],
  [214, 160, 158],
  [206, 212, 220],
  [150, 198, 178],
  [60, 152, 118],
  [12, 110, 80],
];

function mixed(stops: readonly Rgb[], share: number): Rgb {
  const place = Math.min(0.9999, Math.max(0, share)) * (stops.length - 1);
  const at = Math.floor(place);
  const low = stops[at] ?? ([0, 0, 0] as const);
  const high = stops[at + 1] ?? low;
  const part = place - at;
  return [0, 1, 2].map((n) => Math.round((low[n] ?? 0) + part * ((high[n] ?? 0) - (low[n] ?? 0)))) as unknown as Rgb;
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

/** Black or white, whichever reads better on a colour. */
function ink(colour: Rgb): string {
  return (luminance(colour) + 0.05) / 0.053 > 1.05 / (luminance(colour) + 0.05) ? "#050a12" : "#ffffff";
}

export function Heat(props: HeatProps): ReactNode {
  const known = props.values.flat().filter((value): value is number => value !== null);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const share = (value: number): number =>
    props.scale === "signed" ? 0.5 + value / (2 * reach) : (value - low) / (high - low || 1);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={props.label}>
      <table className={props.roomy ? "heat roomy" : "heat"} style={props.cell === undefined ? undefined : { minWidth: 46 + props.cell * props.columns.length }}>
        <thead>
          <tr>
            <th scope="col">{props.corner}</th>
            {props.columns.map((name, n) => (
              <th key={name} scope="col">
                <span className={n % 2 === 0 ? "" : props.sparse ? "hidden-visually" : "every-second"}>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((name, r) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {props.columns.map((column, c) => {
                const value = props.values[r]?.[c] ?? null;
                if (value === null) {
                  return (
                    <td key={column} className="none" title={`${name}, ${column}: unknown`}>
                      ·
                    </td>
                  );
                }
                const colour = mixed(props.scale === "signed" ? SIGNED : EVEN, share(value));
                const now = props.now?.row === r && props.now.column === c;
                return (
                  <td
                    key={column}
                    className={now ? "now" : ""}
                    title={`${name}, ${column}: ${props.text(value)}`}
                    style={{ background: `rgb(${colour.join(" ")})`, color: ink(colour) }}
                  >
                    {props.text(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
