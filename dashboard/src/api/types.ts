// Short names of what the server answers; all from its OpenAPI document.

import type { Schemas } from "./client";

export type Account = Schemas["AccountView"];
export type Chart = Schemas["Chart"];
export type CheckedSettings = Schemas["CheckView"];
export type EquityPoint = Schemas["EquityPoint"];
export type Fact = Schemas["FactView"];
export type Job = Schemas["JobTold"];
export type Leg = Schemas["LegPicture"];
export type LogLine = Schemas["LogLine"];
export type Order = Schemas["OrderRow"];
export type Payoff = Schemas["Payoff"];
export type Position = Schemas["PositionPicture"];
export type Reconciliation = Schemas["ReconciliationView"];
export type RunSummary = Schemas["RunSummary"];
export type Session = Schemas["SessionView"];
export type SettingsFile = Schemas["SettingsView"];
export type Signal = Schemas["SignalView"];
export type Status = Schemas["StatusView"];
export type Story = Schemas["TradeStory"];
export type Strategy = Schemas["StrategyView"];
export type Told = Schemas["Told"];
export type Trade = Schemas["TradeRow"];
export type Volatility = Schemas["VolatilityView"];
