// What a position comes to over prices of its underlying: drawn as SVG, so that it is sharp, small and readable.

import { type PointerEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import type { Payoff } from "../api/types";
import { number, signedMoney, tone } from "../format";

const PAD = { left: 62, right: 14, top: 20, bottom: 26 };

/** The colour of what is shown in whole dollars: less than half of one is neither. */
const cents = (value: number | null | undefined): string => tone(value === null || value === undefined || Math.abs(value) < 50 ? 0 : value);

interface Scale {
  x: (value: number) => number;
  y: (value: number) => number;
}

function nice(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find((one) => one * power >= raw) ?? 10);
  const ticks: number[] = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) ticks.push(Number(value.toPrecision(12)));
  return ticks;
}

function path(spots: readonly number[], values: readonly number[], scale: Scale): string {
  return values.map((value, n) => `${n ? "L" : "M"}${scale.x(spots[n] ?? 0).toFixed(1)} ${scale.y(value).toFixed(1)}`).join("");
}

function at(spots: readonly number[], values: readonly number[], spot: number): number | null {
  const right = spots.findIndex((one) => one >= spot);
  if (right < 0) return null;
  const left = Math.max(0, right - 1);
  const [x0, x1] = [spots[left] ?? spot, spots[right] ?? spot];
  const [y0, y1] = [values[left] ?? 0, values[right] ?? 0];
  return x1 === x0 ? y1 : y0 + ((spot - x0) / (x1 - x0)) * (y1 - y0);
}

export function useWidth(): [(node: HTMLElement | null) => void, number] {
  const [node, setNode] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!node) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(node);
    return () => observer.disconnect();
  }, [node]);
  return [setNode, width];
}

export function PayoffChart(props: { payoff: Payoff; height?: number; shifted?: string; label: string }): ReactNode {
  const { payoff, height = 290 } = props;
  const [hold, width] = useWidth();
  const [hover, setHover] = useState<number | null>(null);
  const clip = useId();
  const svg = useRef<SVGSVGElement>(null);
  const { spots } = payoff;
  const curves = [payoff.at_expiry_cents, payoff.today_cents ?? [], payoff.shifted_cents ?? []].flat();
  const [low, high] = [Math.min(0, ...curves), Math.max(0, ...curves)];
  const margin = (high - low || 100) * 0.08;
  const [bottom, top] = [low - margin, high + margin];
  const [first, last] = [spots[0] ?? 0, spots[spots.length - 1] ?? 1];
  const scale: Scale = {
    x: (value) => PAD.left + ((value - first) / (last - first || 1)) * Math.max(1, width - PAD.left - PAD.right),
    y: (value) => PAD.top + ((top - value) / (top - bottom || 1)) * (height - PAD.top - PAD.bottom),
  };
  const zero = scale.y(0);
  const area = `${path(spots, payoff.at_expiry_cents, scale)}L${scale.x(last)} ${zero}L${scale.x(first)} ${zero}Z`;
  const shown = hover ?? payoff.spot;
  const [expiry, today, shifted] = [payoff.at_expiry_cents, payoff.today_cents, payoff.shifted_cents].map((one) =>
    one ? at(spots, one, shown) : null,
  );

  const move = (event: PointerEvent): void => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return;
    const share = (event.clientX - box.left - PAD.left) / Math.max(1, width - PAD.left - PAD.right);
    setHover(first + Math.min(1, Math.max(0, share)) * (last - first));
  };

  return (
    <div className="chart" ref={hold} data-chart="payoff">
      <div className="legend" style={{ marginBottom: 6, minHeight: 20 }}>
        <span>
          <b className="strong">{hover === null ? "Now" : "At"} {number(shown)}</b>
        </span>
        <span>
          <i style={{ borderColor: "var(--text)" }} />
          At expiry <b className={cents(expiry)}>{signedMoney(expiry)}</b>
        </span>
        {payoff.today_cents && (
          <span>
            <i style={{ borderColor: "var(--accent)" }} />
            Today <b className={cents(today)}>{signedMoney(today)}</b>
          </span>
        )}
        {props.shifted !== undefined && payoff.shifted_cents && (
          <span>
            <i className="dashed" style={{ borderColor: "var(--warn)" }} />
            {props.shifted} <b className={cents(shifted)}>{signedMoney(shifted)}</b>
          </span>
        )}
      </div>
      <svg
        ref={svg}
        width={width || 300}
        height={height}
        role="img"
        aria-label={props.label}
        onPointerMove={move}
        onPointerLeave={() => setHover(null)}
        style={{ display: "block", touchAction: "pan-y" }}
      >
        <defs>
          <clipPath id={`${clip}g`}>
            <rect x={0} y={0} width={width} height={Math.max(0, zero)} />
          </clipPath>
          <clipPath id={`${clip}l`}>
            <rect x={0} y={zero} width={width} height={Math.max(0, height - zero)} />
          </clipPath>
        </defs>
        {nice(bottom, top, 5).map((value) => (
          <g key={value}>
            <line x1={PAD.left} x2={width - PAD.right} y1={scale.y(value)} y2={scale.y(value)} stroke="var(--line)" strokeWidth={1} />
            <text x={PAD.left - 8} y={scale.y(value) + 4} textAnchor="end" fontSize={11} fill="var(--soft)">
              {signedMoney(value)}
            </text>
          </g>
        ))}
        {nice(first, last, Math.max(3, Math.floor(width / 95))).map((value) => (
          <text key={value} x={scale.x(value)} y={height - 8} textAnchor="middle" fontSize={11} fill="var(--soft)">
            {value}
          </text>
        ))}
        <path d={area} fill="var(--gain)" fillOpacity={0.17} clipPath={`url(#${clip}g)`} />
        <path d={area} fill="var(--loss)" fillOpacity={0.17} clipPath={`url(#${clip}l)`} />
        <line x1={PAD.left} x2={width - PAD.right} y1={zero} y2={zero} stroke="var(--line-strong)" strokeWidth={1.2} />
        <path d={path(spots, payoff.at_expiry_cents, scale)} fill="none" stroke="var(--text)" strokeWidth={2} strokeLinejoin="round" />
        {payoff.today_cents && (
          <path d={path(spots, payoff.today_cents, scale)} fill="none" stroke="var(--accent)" strokeWidth={2} />
        )}
        {props.shifted !== undefined && payoff.shifted_cents && (
          <path d={path(spots, payoff.shifted_cents, scale)} fill="none" stroke="var(--warn)" strokeWidth={2} strokeDasharray="6 5" />
        )}
        <line x1={scale.x(payoff.spot)} x2={scale.x(payoff.spot)} y1={PAD.top - 4} y2={height - PAD.bottom} stroke="var(--soft)" strokeDasharray="3 4" />
        <text x={Math.min(width - 46, Math.max(46, scale.x(payoff.spot)))} y={12} textAnchor="middle" fontSize={11} fill="var(--text)">
          spot {number(payoff.spot)}
        </text>
        {payoff.breakevens.map((value) => (
          <g key={value}>
            <circle cx={scale.x(value)} cy={zero} r={4} fill="var(--surface)" stroke="var(--text)" strokeWidth={1.6} />
            <text x={scale.x(value)} y={zero + 19} textAnchor="middle" fontSize={11} fill="var(--text)" stroke="var(--surface)" strokeWidth={4} paintOrder="stroke">
              {number(value, 1)}
            </text>
          </g>
        ))}
        {payoff.today_cents && (
          <circle cx={scale.x(payoff.spot)} cy={scale.y(at(spots, payoff.today_cents, payoff.spot) ?? 0)} r={4.5} fill="var(--accent)" stroke="var(--surface)" strokeWidth={1.5} data-now="" />
        )}
        {hover !== null && (
          <line x1={scale.x(hover)} x2={scale.x(hover)} y1={PAD.top} y2={height - PAD.bottom} stroke="var(--accent)" />
        )}
      </svg>
    </div>
  );
}

/** What a payoff comes to in words, and how its curves were drawn. */
export function PayoffNotes({ payoff }: { payoff: Payoff }): ReactNode {
  const over = payoff.quotes_over_model_cents ?? null;
  return (
    <div className="soft" style={{ marginTop: 6, display: "grid", gap: 2 }}>
      <p>
        Most {payoff.max_profit_cents === null ? "unbounded" : signedMoney(payoff.max_profit_cents)} · worst{" "}
        {payoff.max_loss_cents === null ? "unbounded" : signedMoney(-Math.abs(payoff.max_loss_cents))}
        {payoff.breakevens.length > 0 && ` · even at ${payoff.breakevens.map((one) => number(one)).join(", ")}`} · after fees
      </p>
      <p className="fine">
        {payoff.today_cents === null
          ? "Before expiry nothing is drawn: a leg's volatility is unknown."
          : over === null
            ? "Before expiry: the model's value; nothing is quoted that it could be held against."
            : `Before expiry: the model's value, moved by ${signedMoney(over, true)} today and less each day, so that it meets the middle of the quotes now.`}
      </p>
    </div>
  );
}
