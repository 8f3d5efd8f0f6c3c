// ECharts, only the parts that are used; a page that shows one loads this module when it is opened.

import { CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { DataZoomInsideComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { type ReactNode, useEffect, useRef } from "react";
import { type Palette, usePalette } from "../theme/theme";

use([
  CanvasRenderer,
  CustomChart,
  DataZoomInsideComponent,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  ScatterChart,
  TooltipComponent,
  VisualMapComponent,
]);

export function EChart(props: {
  option: (palette: Palette) => EChartsCoreOption;
  height: number;
  label: string;
}): ReactNode {
  const { option, height, label } = props;
  const holder = useRef<HTMLDivElement>(null);
  const palette = usePalette();
  const text = JSON.stringify(palette);
  useEffect(() => {
    const node = holder.current;
    if (!node) return;
    const chart = init(node, undefined, { renderer: "canvas" });
    chart.setOption({
      animation: false,
      textStyle: { color: palette.soft, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11 },
      ...option(palette),
    });
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(node);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
    // The palette is a new object each time; its text says whether a colour changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [option, text]);
  return <div className="chart" data-chart="echart" ref={holder} style={{ height }} role="img" aria-label={label} />;
}

/** The look of axes and of what appears under the pointer. */
export function axes(palette: Palette) {
  return {
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false },
    axisLabel: { color: palette.soft },
    splitLine: { lineStyle: { color: palette.line } },
    nameTextStyle: { color: palette.soft },
  };
}

export function tooltip(palette: Palette) {
  return {
    backgroundColor: palette.raised,
    borderColor: palette.line,
    textStyle: { color: palette.text, fontSize: 12 },
    confine: true,
  };
}
