// Results that the server passes on as the command line prints them with --json; the API describes them as objects.
// Amounts are dollars here, not cents.

export interface Opportunity {
  underlying: string;
  strategy: string;
  structure: string;
  legs: { right: string; strike: number; expiration: string; ratio: number }[];
  quantity: number;
  credit: number;
  max_loss: number | null;
  max_profit: number | null;
  margin: number;
  breakevens: number[];
  probability_of_profit: number;
  edge: number;
  iv_rank: number | null;
  score: number;
  because: Record<string, number | string>;
  grade: string;
}

export interface Scan {
  as_of: string;
  grade: string | null;
  opportunities: Opportunity[];
  denied: Record<string, number>;
}

export interface LimitUse {
  name: string;
  used: number | null;
  limit: number | null;
  share: number | null;
  unit: string;
  of: string;
}

export interface Risk {
  account: string;
  as_of: string;
  equity: number;
  margin: number;
  state: { state: string; reason: string; detail: string };
  limits: LimitUse[];
  value_at_risk:
    | { known: false; unknown: string }
    | {
        known: true;
        historical: number;
        delta_gamma_vega: number;
        worst: number;
        worst_day: string | null;
        sessions: number;
        confidence: number;
      };
  breakers: { breaker: string; scope: string; since: string; until: string | null; detail: string }[];
  frozen: Record<string, string>;
  sectors: Record<string, number>;
  positions: { position_id: string; structure: string }[];
  stress: {
    days: number[];
    spots: number[];
    volatilities: number[];
    profit: number[][][];
    worst: { profit: number; spot: number; volatility: number; days: number };
  } | null;
  shocks: { name: string; title: string; profit: number; of_equity: number | null; volatility: number; assumed: string[] }[];
  warnings: { code: string; text: string }[];
}

export interface RunFigures {
  start_equity: number;
  end_equity: number;
  net_profit: number;
  total_return: number;
  cagr: number | null;
  volatility: number | null;
  sharpe: number | null;
  sortino: number | null;
  max_drawdown: number;
  trades: number;
  win_rate: number | null;
  profit_factor: number | null;
}

export interface Run {
  fingerprint: string;
  title: string;
  grade: string | null;
  spec: { underlyings: string[]; start: string; end: string };
  summary: RunFigures;
  years: { year: number; return: number; pnl: number; max_drawdown: number }[];
  months: { year: number; month: number; return: number; pnl: number }[];
  exits: { reason: string; trades: number; pnl: number; win_rate: number }[];
  strategies: { strategy: string; trades: number; pnl: number; win_rate: number }[];
  equity: { at: string; equity_mid: number; equity_exit: number }[];
  fills: { f: number; net_profit: number; total_return: number; sharpe: number | null; max_drawdown: number; trades: number; win_rate: number | null }[];
}
