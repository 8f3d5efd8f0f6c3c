// The pages, each in a file of its own that is fetched when it is opened.

import { type ComponentType, type LazyExoticComponent, lazy } from "react";

export interface Page {
  name: string;
  title: string;
  view: LazyExoticComponent<ComponentType<{ rest: string[] }>>;
}

export const PAGES: readonly Page[] = [
  { name: "overview", title: "Overview", view: lazy(() => import("../pages/overview")) },
  { name: "positions", title: "Positions", view: lazy(() => import("../pages/positions")) },
  { name: "signals", title: "Signals", view: lazy(() => import("../pages/signals")) },
  { name: "chart", title: "Chart", view: lazy(() => import("../pages/chart")) },
  { name: "scanner", title: "Scanner", view: lazy(() => import("../pages/scanner")) },
  { name: "volatility", title: "Volatility", view: lazy(() => import("../pages/volatility")) },
  { name: "backtests", title: "Backtests", view: lazy(() => import("../pages/backtests")) },
  { name: "risk", title: "Risk", view: lazy(() => import("../pages/risk")) },
  { name: "reconciliation", title: "Reconciliation", view: lazy(() => import("../pages/reconciliation")) },
  { name: "orders", title: "Orders & audit", view: lazy(() => import("../pages/orders")) },
  { name: "logs", title: "Logs", view: lazy(() => import("../pages/logs")) },
  { name: "settings", title: "Settings", view: lazy(() => import("../pages/settings")) },
];
