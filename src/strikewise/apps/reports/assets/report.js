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
    chart.setOption(Object.assign({}, base, option));
    charts.push(chart);
  }

  const days = result.equity.map((row) => row.at.slice(0, 10));
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
    const entries = mine.map((trade) => ({ value: [trade.opened_at.slice(0, 10), at(trade.opened_at.slice(0, 10))], trade }));
    const exits = mine.filter((trade) => trade.closed_at).map((trade) => ({
      value: [trade.closed_at.slice(0, 10), at(trade.closed_at.slice(0, 10))], trade,
      itemStyle: { color: trade.pnl < 0 ? bad : good },
    }));
    const told = (point) => {
      const trade = point.data.trade;
      if (!trade) return `${point.seriesName}: ${dollars(point.value[1], 2)}`;
      const head = `<b>${trade.legs}</b><br>${trade.strategy} × ${trade.quantity}`;
      return point.seriesName === "Opened"
        ? `${head}<br>opened ${trade.opened_at.slice(0, 10)}`
        : `${head}<br>closed ${trade.closed_at.slice(0, 10)}: ${trade.exit_reason}<br><b>${dollars(trade.pnl, 2)}</b>`;
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
  window.addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  window.addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize({ width: 700 })));
  window.addEventListener("afterprint", () => charts.forEach((chart) => chart.resize({ width: "auto" })));
})();
