"use strict";
(function () {
  const replay = JSON.parse(document.getElementById("replay").textContent);
  const css = getComputedStyle(document.documentElement);
  const tone = (name) => css.getPropertyValue(name).trim();
  const ink = tone("--ink"), soft = tone("--soft"), line = tone("--line"), card = tone("--card");
  const accent = tone("--accent"), second = tone("--second");
  const font = getComputedStyle(document.body).fontFamily;
  const percent = (value, digits = 1) => (100 * value).toFixed(digits) + "%";
  const charts = [];
  const base = {
    animation: false, textStyle: { fontFamily: font, color: ink },
    grid: { left: 8, right: 20, top: 34, bottom: 24, containLabel: true },
    tooltip: { trigger: "axis", confine: true, backgroundColor: card, borderColor: line, textStyle: { color: ink, fontSize: 13 } },
    legend: { top: 0, left: 0, textStyle: { color: soft, fontFamily: font }, icon: "roundRect", itemHeight: 3, itemWidth: 18, itemGap: 18 },
  };
  const value = (formatter, name) => ({
    type: "value", scale: true, name, nameLocation: "middle", nameGap: 26, nameTextStyle: { color: soft },
    splitLine: { lineStyle: { color: line } }, axisLabel: { color: soft, formatter }, axisLine: { lineStyle: { color: line } },
  });
  const time = { type: "time", axisLine: { lineStyle: { color: line } }, axisLabel: { color: soft, hideOverlap: true } };
  function draw(id, option) {
    const place = document.getElementById(id);
    if (!place) return;
    const chart = echarts.init(place, null, { renderer: "svg" });
    chart.setOption(Object.assign({}, base, option));
    charts.push(chart);
  }
  const beside = replay.comparison;
  const curve = (name, data, color, width) => ({ type: "line", showSymbol: false, name, data, color, lineStyle: { width } });
  if (beside) {
    const at = (name) => beside.months.map((row) => [row.month + "-28", row[name]]);
    draw("levels", {
      xAxis: time, yAxis: value((v) => v.toFixed(0)),
      tooltip: Object.assign({}, base.tooltip, { valueFormatter: (v) => v.toFixed(2) }),
      series: [curve("Replay", at("replay"), accent, 2), curve(replay.index, at("index"), second, 1.6)],
    });
    const returns = (name) => beside.months.slice(1).map((row, i) => row[name] / beside.months[i][name] - 1);
    const ours = returns("replay"), theirs = returns("index");
    const reach = [Math.min(...ours, ...theirs), Math.max(...ours, ...theirs)];
    draw("months", {
      legend: { show: false }, xAxis: value((v) => percent(v, 0), "index"), yAxis: value((v) => percent(v, 0)),
      tooltip: Object.assign({}, base.tooltip, {
        trigger: "item", formatter: (point) => `${beside.months[point.dataIndex + 1].month}: replay ${percent(point.value[1], 2)}, index ${percent(point.value[0], 2)}`,
      }),
      series: [
        { type: "line", silent: true, showSymbol: false, data: reach.map((v) => [v, v]), color: soft, lineStyle: { width: 1 }, tooltip: { show: false } },
        { type: "scatter", data: theirs.map((v, i) => [v, ours[i]]), symbolSize: 7, color: accent },
      ],
    });
  } else {
    draw("levels", {
      xAxis: time, yAxis: value((v) => "$" + (v / 1e6).toFixed(1) + "M"),
      series: [curve("Replay", replay.curve.map((row) => [row.date, row.value]), accent, 1.8)],
    });
  }
  window.addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
})();
