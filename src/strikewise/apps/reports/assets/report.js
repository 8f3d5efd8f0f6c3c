"use strict";
(function () {
  const result = JSON.parse(document.getElementById("result").textContent);
  const css = getComputedStyle(document.documentElement);
  const tone = (name) => css.getPropertyValue(name).trim();
  const ink = tone("--ink"), soft = tone("--soft"), line = tone("--line"), card = tone("--card");
  const good = tone("--good"), bad = tone("--bad"), accent = tone("--accent"), second = tone("--second");
  const font = getComputedStyle(document.body).fontFamily; // charts measure text themselves
  const dollars = (value, digits = 0) =>
    (value < 0 ? "-$" : "$") + Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const percent = (value, digits = 1) => (100 * value).toFixed(digits) + "%";
  const exchange = new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York", year: "numeric", month: "2-digit", day: "2-digit" });
  const dayOf = (at) => exchange.format(new Date(at)); // an evening in New York is the next day in UTC
  const charts = [];

  const base = {
    animation: false,
    textStyle: { fontFamily: font, color: ink },
    grid: { left: 8, right: 16, top: 34, bottom: 8, containLabel: true },
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: card, borderColor: line,
      textStyle: { color: ink, fontSize: 13 },
    },
    legend: { top: 0, left: 0, textStyle: { color: soft, fontFamily: font }, icon: "roundRect", itemHeight: 3, itemWidth: 18, itemGap: 18 },
  };
  const timeAxis = { type: "time", axisLine: { lineStyle: { color: line } }, axisLabel: { color: soft, hideOverlap: true } };
  const valueAxis = (formatter) => ({
    type: "value", scale: true, splitLine: { lineStyle: { color: line } }, axisLabel: { color: soft, formatter },
  });

  function draw(id, option) {
    const place = document.getElementById(id);
    if (!place) return;
    const chart = echarts.init(place, null, { renderer: "svg" });
    chart.setOption(Object.assign({}, base, { grid: Object.assign({}, base.grid, { top: 34 + 29 * (legendRows(place, option) - 1) }) }, option));
    charts.push(chart);
  }

  // A legend that needs a second row would stand in the chart.
  function legendRows(place, option) {
    if (option.legend && option.legend.show === false) return 1;
    let rows = 1, used = 0;
    option.series.forEach((one) => {
      const width = 44 + 7 * one.name.length;
      if (used + width > place.clientWidth) { rows += 1; used = 0; }
      used += width;
    });
    return rows;
  }

  const days = result.equity.map((row) => dayOf(row.at));
  const curve = (name) => result.equity.map((row, i) => [days[i], row[name]]);
  const smooth = { type: "line", showSymbol: false, lineStyle: { width: 1.8 } };
  draw("equity", {
    xAxis: timeAxis, yAxis: valueAxis((v) => dollars(v)),
    tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => dollars(v, 2) }),
    series: [
      Object.assign({}, smooth, { name: "Marked to exit", data: curve("equity_exit"), color: accent, areaStyle: { opacity: 0.08, origin: "start" } }),
      Object.assign({}, smooth, { name: "Marked to mid", data: curve("equity_mid"), color: second, lineStyle: { width: 1.3, type: "dashed" } }),
    ],
  });

  function underwater(name) {
    let peak = result.spec.capital ?? result.equity[0][name];
    return result.equity.map((row, i) => {
      peak = Math.max(peak, row[name]);
      return [days[i], row[name] / peak - 1];
    });
  }
  draw("drawdown", {
    xAxis: timeAxis, yAxis: Object.assign(valueAxis((v) => percent(v)), { max: 0 }),
    tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => percent(v, 2) }),
    series: [
      Object.assign({}, smooth, { name: "Marked to exit", data: underwater("equity_exit"), color: bad, areaStyle: { opacity: 0.18 } }),
      Object.assign({}, smooth, { name: "Marked to mid", data: underwater("equity_mid"), color: second, lineStyle: { width: 1.2, type: "dashed" } }),
    ],
  });
  draw("capital", {
    xAxis: timeAxis, yAxis: Object.assign(valueAxis((v) => dollars(v)), { scale: false }),
    tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => dollars(v, 2) }),
    series: [
      Object.assign({}, smooth, { name: "Margin in use", data: curve("margin"), color: accent, step: "end" }),
      Object.assign({}, smooth, { name: "At risk", data: curve("at_risk"), color: bad, step: "end", lineStyle: { width: 1.3 } }),
    ],
  });

  draw("open", {
    legend: { show: false },
    xAxis: timeAxis, yAxis: Object.assign(valueAxis((v) => v), { scale: false, minInterval: 1 }),
    series: [Object.assign({}, smooth, { name: "Open positions", data: curve("open_positions"), color: soft, step: "end", areaStyle: { opacity: 0.12 } })],
  });

  const WINDOW = Math.min(126, Math.floor(result.equity.length / 2));
  const returns = result.equity.slice(1).map((row, i) => row.equity_exit / result.equity[i].equity_exit - 1);
  const rolling = [];
  for (let end = WINDOW; WINDOW >= 20 && end <= returns.length; end += 1) {
    const part = returns.slice(end - WINDOW, end);
    const mean = part.reduce((a, b) => a + b, 0) / WINDOW;
    const deviation = Math.sqrt(part.reduce((a, b) => a + (b - mean) ** 2, 0) / (WINDOW - 1));
    rolling.push([days[end], deviation > 0 ? (mean / deviation) * Math.sqrt(252) : null]);
  }
  draw("rolling", {
    legend: { show: false },
    xAxis: timeAxis, yAxis: valueAxis((v) => v.toFixed(1)),
    tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => (v === null ? "–" : v.toFixed(2)) }),
    series: [Object.assign({}, smooth, {
      name: `${WINDOW} sessions`, data: rolling, color: accent,
      markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: soft, type: "solid", width: 1 }, data: [{ yAxis: 0 }] },
    })],
  });

  if (result.attribution) {
    const names = ["delta", "gamma", "theta", "vega", "carry", "costs", "other"];
    const tones = { delta: accent, gamma: bad, theta: good, vega: second, carry: "#0891b2", costs: soft, other: "#8b5cf6" };
    const whole = result.attribution.whole;
    draw("parts", {
      legend: { show: false },
      xAxis: { type: "category", data: [...names, "total"], axisLabel: { color: soft, interval: 0, rotate: window.innerWidth < 480 ? 40 : 0 }, axisLine: { lineStyle: { color: line } } },
      yAxis: Object.assign(valueAxis((v) => dollars(v)), { scale: false }),
      tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => dollars(v, 2) }),
      series: [{
        type: "bar", name: "Profit", barCategoryGap: "35%",
        data: [...names, "total"].map((name) => ({ value: whole[name], itemStyle: { color: whole[name] < 0 ? bad : good, opacity: name === "total" ? 1 : 0.75 } })),
      }],
    });
    const months = result.attribution.months;
    draw("part-months", {
      xAxis: { type: "category", data: months.map((row) => row.month), axisLabel: { color: soft, hideOverlap: true }, axisLine: { lineStyle: { color: line } } },
      yAxis: Object.assign(valueAxis((v) => dollars(v)), { scale: false }),
      tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => dollars(v, 2) }),
      series: names.map((name) => ({ type: "bar", stack: "parts", name, color: tones[name], data: months.map((row) => row[name]) })),
    });
  }

  const shares = (result.fills ?? []).filter((row) => row.equity_exit && row.equity_exit.length === days.length);
  draw("fills", {
    xAxis: timeAxis, yAxis: valueAxis((v) => dollars(v)),
    tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => dollars(v, 2) }),
    series: shares.map((row, i) => Object.assign({}, smooth, {
      name: row.f === 1 ? "the touch" : row.f === 0 ? "mid" : `${100 * row.f}% of the half-spread`,
      data: row.equity_exit.map((value, at) => [days[at], value]), color: [accent, second, soft, good][i],
      lineStyle: { width: i === 0 ? 2 : 1.2, type: i === 0 ? "solid" : "dashed" },
    })),
  });

  const closed = result.trades.filter((trade) => trade.closed_at);
  if (closed.length) {
    const gains = closed.map((trade) => trade.pnl);
    const low = Math.min(...gains), high = Math.max(...gains);
    const bins = Math.min(41, Math.max(9, Math.ceil(2 * Math.sqrt(gains.length))));
    const width = (high - low) / bins || 1;
    const counts = Array.from({ length: bins }, () => 0);
    gains.forEach((gain) => { counts[Math.min(bins - 1, Math.floor((gain - low) / width))] += 1; });
    draw("distribution", {
      legend: { show: false },
      xAxis: {
        type: "category", data: counts.map((_, i) => dollars(low + (i + 0.5) * width)),
        axisLabel: { color: soft, hideOverlap: true }, axisLine: { lineStyle: { color: line } },
      },
      yAxis: Object.assign(valueAxis((v) => v), { scale: false, minInterval: 1 }),
      series: [{
        type: "bar", name: "Trades", barCategoryGap: "8%",
        data: counts.map((count, i) => ({ value: count, itemStyle: { color: low + (i + 0.5) * width < 0 ? bad : good } })),
      }],
    });
  }

  Object.entries(result.prices).forEach(([symbol, closes]) => {
    const level = new Map(closes.map((row) => [row.date, row.close]));
    const at = (day) => level.get(day) ?? null;
    const mine = result.trades.filter((trade) => trade.underlying === symbol);
    const entries = mine.map((trade) => ({ value: [dayOf(trade.opened_at), at(dayOf(trade.opened_at))], trade }));
    const exits = mine.filter((trade) => trade.closed_at).map((trade) => ({
      value: [dayOf(trade.closed_at), at(dayOf(trade.closed_at))], trade,
      itemStyle: { color: trade.pnl < 0 ? bad : good },
    }));
    const told = (point) => {
      const trade = point.data.trade;
      if (!trade) return `${point.seriesName}: ${dollars(point.value[1], 2)}`;
      const head = `<b>${trade.legs}</b><br>${trade.strategy} × ${trade.quantity}`;
      return point.seriesName === "Opened"
        ? `${head}<br>opened ${dayOf(trade.opened_at)}`
        : `${head}<br>closed ${dayOf(trade.closed_at)}: ${trade.exit_reason}<br><b>${dollars(trade.pnl, 2)}</b>`;
    };
    draw("price-" + symbol, {
      tooltip: Object.assign({}, base.tooltip, { trigger: "item", formatter: told }),
      xAxis: timeAxis, yAxis: valueAxis((v) => dollars(v)),
      dataZoom: [{ type: "inside", filterMode: "none" }],
      series: [
        Object.assign({}, smooth, { name: symbol, data: closes.map((row) => [row.date, row.close]), color: soft, lineStyle: { width: 1.3 } }),
        { type: "scatter", name: "Opened", data: entries, symbol: "triangle", symbolSize: 9, color: accent },
        { type: "scatter", name: "Closed", data: exits, symbol: "diamond", symbolSize: 9, color: good },
      ],
    });
  });

  document.querySelectorAll("button.sort").forEach((button) => {
    button.addEventListener("click", () => {
      const head = button.closest("th"), body = head.closest("table").tBodies[0];
      const index = Array.from(head.parentNode.children).indexOf(head);
      const order = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
      head.parentNode.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order > 0 ? "ascending" : "descending");
      const key = (row) => row.children[index].dataset.value ?? row.children[index].textContent;
      const compare = (a, b) => {
        const x = key(a), y = key(b);
        const numeric = x !== "" && y !== "" && !Number.isNaN(Number(x)) && !Number.isNaN(Number(y));
        return order * (numeric ? Number(x) - Number(y) : x.localeCompare(y));
      };
      Array.from(body.rows).sort(compare).forEach((row) => body.appendChild(row));
    });
  });
  const anatomy = new Map((result.details ?? []).map((one) => [one.trade_id, one]));
  const worth = (legs, spot) => legs.reduce((sum, [kind, strike, ratio]) => sum +
    (kind === "S" ? spot * ratio : Math.max(0, kind === "C" ? spot - strike : strike - spot) * ratio * 100), 0);
  const entry = (list, [name, value]) => {
    const term = document.createElement("dt"), said = document.createElement("dd");
    term.textContent = name; said.textContent = value;
    list.append(term, said);
  };
  const features = (because) => Object.entries(because).map(([name, value]) =>
    [name.replaceAll("_", " "), typeof value === "number" ? Number(value.toPrecision(5)).toString() : value]);
  let payoff = null;
  function explore(row) {
    const trade = result.trades[Number(row.dataset.trade)], one = anatomy.get(trade.trade_id);
    document.getElementById("explorer").hidden = false;
    document.querySelectorAll("tr.chosen").forEach((other) => other.classList.remove("chosen"));
    row.classList.add("chosen");
    document.getElementById("trade-name").textContent = `${trade.legs} × ${trade.quantity}`;
    const list = document.getElementById("trade-facts");
    list.replaceChildren();
    [
      ["Strategy", trade.strategy],
      ["Opened", dayOf(trade.opened_at)],
      ["Closed", trade.closed_at ? `${dayOf(trade.closed_at)}: ${trade.exit_reason}` : "open"],
      ["Profit", trade.pnl === null ? "–" : dollars(trade.pnl, 2)],
      ["Fees", dollars(trade.fees, 2)],
      ["Largest loss at entry", trade.max_loss === null ? "no bound" : dollars(trade.max_loss, 2)],
      ["Margin at entry", dollars(trade.margin, 2)],
      ["Probability of profit", percent(trade.probability_of_profit)],
      ["Regime", (trade.regime || "unknown").replaceAll("_", " ")],
      ["Breakevens", one ? one.breakevens.map((price) => price.toFixed(2)).join(", ") || "none" : "–"],
    ].forEach((pair) => entry(list, pair));
    const because = document.getElementById("trade-because");
    because.replaceChildren();
    features(one ? one.because : {}).forEach((pair) => entry(because, pair));
    const place = document.getElementById("payoff");
    payoff?.dispose();
    payoff = null;
    const legs = one ? one.legs : [];
    const expirations = new Set(legs.map((leg) => leg[3]).filter(Boolean));
    place.hidden = legs.length === 0 || expirations.size > 1;
    if (place.hidden) return;
    const closes = new Map((result.prices[trade.underlying] ?? []).map((at) => [at.date, at.close]));
    const opened = closes.get(dayOf(trade.opened_at)), ended = trade.closed_at ? closes.get(dayOf(trade.closed_at)) : undefined;
    const marks = [...legs.map((leg) => leg[1]), opened, ended].filter(Boolean);
    const low = Math.min(...marks), high = Math.max(...marks), reach = Math.max(0.35 * (high - low), 0.03 * high);
    const points = [...Array.from({ length: 121 }, (_, i) => low - reach + ((high - low + 2 * reach) * i) / 120), ...marks].sort((a, b) => a - b);
    const profits = points.map((spot) => [spot, worth(legs, spot) * trade.quantity - trade.entry]);
    payoff = echarts.init(place, null, { renderer: "svg" });
    const at = (value, name, colour) => ({ xAxis: value, name, lineStyle: { color: colour }, label: { formatter: name, color: colour, position: "insideEndTop" } });
    const both = opened && ended && Math.abs(opened - ended) < 0.04 * (high - low + 2 * reach); // one label would hide the other
    payoff.setOption(Object.assign({}, base, {
      legend: { show: false },
      tooltip: Object.assign({}, base.tooltip, { formatter: ([point]) => `${trade.underlying} at ${point.value[0].toFixed(2)}: <b>${dollars(point.value[1], 2)}</b>` }),
      xAxis: { type: "value", scale: true, splitLine: { show: false }, axisLabel: { color: soft }, axisLine: { lineStyle: { color: line } } },
      yAxis: valueAxis((v) => dollars(v)),
      series: [
        Object.assign({}, smooth, {
          name: "At expiry", data: profits, color: ink,
          markLine: { silent: true, symbol: "none", data: [...(opened ? [at(opened, both ? "opened, closed" : "opened", accent)] : []), ...(ended ? [at(ended, both ? "" : "closed", soft)] : [])] },
        }),
        ...[[Math.max, good], [Math.min, bad]].map(([side, colour]) => ({
          type: "line", silent: true, showSymbol: false, color: colour, lineStyle: { width: 0 }, areaStyle: { opacity: 0.18, origin: 0 },
          data: profits.map(([spot, profit]) => [spot, side(0, profit)]),
        })),
      ],
    }));
    charts.push(payoff);
  }
  document.querySelectorAll("#trades tbody tr").forEach((row) => {
    row.addEventListener("click", () => explore(row));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") explore(row); });
  });

  window.addEventListener("resize", () => charts.forEach((chart) => chart.isDisposed() || chart.resize()));
})();
