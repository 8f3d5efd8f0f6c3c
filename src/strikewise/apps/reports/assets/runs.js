"use strict";
(function () {
  const { runs } = JSON.parse(document.getElementById("runs").textContent);
  const css = getComputedStyle(document.documentElement);
  const tone = (name) => css.getPropertyValue(name).trim();
  const ink = tone("--ink"), soft = tone("--soft"), line = tone("--line"), card = tone("--card");
  const colours = [tone("--accent"), tone("--second"), tone("--good"), tone("--bad"), "#8b5cf6", "#0891b2", "#db2777", soft];
  const font = getComputedStyle(document.body).fontFamily;
  const percent = (value, digits = 1) => (100 * value).toFixed(digits) + "%";
  const base = {
    animation: false, textStyle: { fontFamily: font, color: ink },
    grid: { left: 8, right: 16, top: 34, bottom: 8, containLabel: true },
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: card, borderColor: line, textStyle: { color: ink, fontSize: 13 },
      valueFormatter: (value) => percent(value, 2),
    },
    legend: { type: "scroll", top: 0, left: 0, textStyle: { color: soft, fontFamily: font }, icon: "roundRect", itemHeight: 3, itemWidth: 18, itemGap: 18 },
    xAxis: { type: "time", axisLine: { lineStyle: { color: line } }, axisLabel: { color: soft, hideOverlap: true } },
    yAxis: { type: "value", scale: true, splitLine: { lineStyle: { color: line } }, axisLabel: { color: soft, formatter: (value) => percent(value, 0) } },
  };
  const charts = [];
  function draw(id, values) {
    const chart = echarts.init(document.getElementById(id), null, { renderer: "svg" });
    chart.setOption(Object.assign({}, base, {
      series: runs.map((run, i) => ({
        type: "line", showSymbol: false, name: run.name, data: values(run), color: colours[i % colours.length], lineStyle: { width: 1.7 },
      })),
    }));
    charts.push(chart);
  }
  draw("equity", (run) => run.equity.map(([day, value]) => [day, value / run.capital]));
  draw("drawdown", (run) => {
    let peak = run.capital;
    return run.equity.map(([day, value]) => {
      peak = Math.max(peak, value);
      return [day, value / peak - 1];
    });
  });
  window.addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
})();
