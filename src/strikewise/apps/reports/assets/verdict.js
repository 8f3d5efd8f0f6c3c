"use strict";
(function () {
  const page = JSON.parse(document.getElementById("page").textContent);
  const css = getComputedStyle(document.documentElement);
  const tone = (name) => css.getPropertyValue(name).trim();
  const ink = tone("--ink"), soft = tone("--soft"), line = tone("--line"), card = tone("--card");
  const good = tone("--good"), bad = tone("--bad"), accent = tone("--accent"), second = tone("--second");
  const font = getComputedStyle(document.body).fontFamily;
  const percent = (value, digits = 1) => (100 * value).toFixed(digits) + "%";
  const charts = [];
  const base = {
    animation: false, textStyle: { fontFamily: font, color: ink },
    grid: { left: 8, right: 16, top: 34, bottom: 8, containLabel: true },
    tooltip: { trigger: "axis", confine: true, backgroundColor: card, borderColor: line, textStyle: { color: ink, fontSize: 13 } },
    legend: { top: 0, left: 0, type: "scroll", textStyle: { color: soft, fontFamily: font }, icon: "roundRect", itemHeight: 3, itemWidth: 18, itemGap: 16 },
  };
  const time = { type: "time", axisLine: { lineStyle: { color: line } }, axisLabel: { color: soft, hideOverlap: true } };
  const value = (formatter, more) => Object.assign({
    type: "value", scale: true, splitLine: { lineStyle: { color: line } }, axisLabel: { color: soft, formatter },
    nameLocation: "middle", nameGap: 24, nameTextStyle: { color: soft },
  }, more);
  const names = (data) => ({ type: "category", data, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: soft, hideOverlap: true } });
  const curve = (name, data, color, width, more) => Object.assign({ type: "line", showSymbol: false, name, data, color, lineStyle: { width, color } }, more);
  const times = (days, values) => values.map((v, i) => [days[i], v]);
  const zero = { symbol: "none", silent: true, label: { show: false }, lineStyle: { color: soft, type: "solid", width: 1 } };

  function digits(values) {
    const narrow = Math.max(...values) - Math.min(...values) < 0.05;
    return (v) => v.toFixed(narrow ? 3 : 2);
  }

  function draw(id, option) {
    const place = document.getElementById(id);
    if (!place) return;
    const chart = echarts.init(place, null, { renderer: "svg" });
    chart.setOption(Object.assign({}, base, option));
    charts.push(chart);
  }

  const colours = [second, soft, good];
  draw("growth", {
    xAxis: time, yAxis: value((v) => v.toFixed(2)),
    tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => v.toFixed(3) }),
    series: [
      curve("This run", times(page.days, page.curve), accent, 2.2, { z: 5 }),
      ...page.baselines.map((one, i) => curve(one.name, times(page.days, one.curve), colours[i % 3], 1.4)),
    ],
  });

  const logits = page.overfitting && page.overfitting.logits;
  if (logits) {
    const middle = logits.edges.slice(1).map((edge, i) => (edge + logits.edges[i]) / 2);
    draw("logits", {
      legend: { show: false }, grid: Object.assign({}, base.grid, { top: 12, bottom: 26 }),
      xAxis: value((v) => v.toFixed(1), { name: "worse half  ←  rank on other days  →  better half" }), yAxis: value((v) => v),
      tooltip: Object.assign({}, base.tooltip, { trigger: "item", formatter: (point) => `${point.value[1]} of ${page.overfitting.splits.toLocaleString("en-US")} splits` }),
      series: [{
        type: "bar", barWidth: "92%", data: logits.counts.map((n, i) => ({ value: [middle[i], n], itemStyle: { color: middle[i] <= 0 ? bad : good } })),
        markLine: Object.assign({ data: [{ xAxis: 0 }] }, zero),
      }],
    });
  }

  const rolling = page.walk_forward.rolling, anchored = page.walk_forward.anchored;
  const walk = rolling || anchored;
  if (walk) {
    draw("folds", {
      xAxis: names(walk.folds.map((fold) => fold.test[0].slice(0, 7))), yAxis: value((v) => v.toFixed(1)),
      tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => v.toFixed(2) }),
      series: [
        { type: "bar", name: "Sharpe in training", color: soft, data: walk.folds.map((fold) => fold.train_sharpe), itemStyle: { opacity: 0.55 } },
        { type: "bar", name: "in the test after it", color: accent, data: walk.folds.map((fold) => fold.test_sharpe) },
      ],
    });
    draw("forward", {
      xAxis: time, yAxis: value(digits([rolling, anchored].flatMap((one) => (one ? one.curve : [])))),
      tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => v.toFixed(3) }),
      series: [[rolling, "Rolling training", accent], [anchored, "from the beginning", second]].filter((one) => one[0])
        .map(([one, name, color]) => curve(name, times(one.days, one.curve), color, 1.8)),
    });
  }

  const near = page.sensitivity.sharpes;
  draw("neighbours", {
    legend: { show: false }, grid: Object.assign({}, base.grid, { top: 30, bottom: 26 }),
    xAxis: value((v) => v.toFixed(2), { name: "Sharpe ratio" }), yAxis: { type: "value", show: false, min: 0, max: 1 },
    tooltip: Object.assign({}, base.tooltip, { trigger: "item", formatter: (point) => `neighbour ${point.dataIndex + 1}: ${point.value[0].toFixed(2)}` }),
    series: [{
      type: "scatter", symbolSize: 12, color: accent, itemStyle: { opacity: 0.75 },
      data: near.map((v, i) => [v, 0.18 + 0.64 * ((i * 0.618) % 1)]),
      markLine: {
        symbol: "none", silent: true, lineStyle: { color: ink, width: 2, type: "solid" },
        label: { color: ink, fontFamily: font, formatter: "as written" }, data: [{ xAxis: page.sensitivity.base }],
      },
    }],
  });

  function fan(id, life, title) {
    if (!life) return;
    const steps = life.fan.p50.map((_, i) => i / (life.fan.p50.length - 1));
    const rows = (name) => life.fan[name].map((v, i) => [steps[i], v]);
    const between = (low, high) => life.fan[high].map((v, i) => [steps[i], v - life.fan[low][i]]);
    const band = (low, high, opacity) => [
      { type: "line", stack: low, data: rows(low), showSymbol: false, lineStyle: { opacity: 0 }, tooltip: { show: false }, silent: true },
      { type: "line", stack: low, data: between(low, high), showSymbol: false, lineStyle: { opacity: 0 }, areaStyle: { color: accent, opacity }, tooltip: { show: false }, silent: true },
    ];
    draw(id, {
      title: { text: title, left: 0, top: 0, textStyle: { fontSize: 12.5, fontWeight: 600, color: soft, fontFamily: font } },
      legend: { show: false },
      xAxis: value((v) => percent(v, 0), { min: 0, max: 1, splitLine: { show: false } }), yAxis: value(digits(life.fan.p05.concat(life.fan.p95))),
      tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => v.toFixed(3) }),
      series: [
        ...band("p05", "p95", 0.14), ...band("p25", "p75", 0.22),
        curve("middle life", rows("p50"), accent, 2),
        Object.assign(curve("one in twenty is below", rows("p05"), bad, 1), { lineStyle: { width: 1, type: "dashed", color: bad } }),
      ],
    });
  }
  fan("life-days", page.lives.days, "Days drawn anew, in blocks");
  fan("life-trades", page.lives.trades, "Trades drawn anew, with worse fills by chance");

  window.addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  window.addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize()));
})();
