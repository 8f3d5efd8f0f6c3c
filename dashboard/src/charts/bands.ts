// Bands of time behind a price chart: one colour for each regime of the market.

import type { IPrimitivePaneRenderer, IPrimitivePaneView, ISeriesPrimitive, SeriesAttachedParameter, Time } from "lightweight-charts";

export interface Band {
  from: Time;
  to: Time;
  colour: string;
}

type DrawTarget = Parameters<IPrimitivePaneRenderer["draw"]>[0];

export class Bands implements ISeriesPrimitive<Time> {
  private attachedTo: SeriesAttachedParameter<Time> | null = null;

  constructor(private readonly bands: readonly Band[]) {}

  attached(to: SeriesAttachedParameter<Time>): void {
    this.attachedTo = to;
  }

  detached(): void {
    this.attachedTo = null;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    const renderer: IPrimitivePaneRenderer = {
      draw: () => undefined,
      drawBackground: (target) => this.draw(target),
    };
    return [{ zOrder: () => "bottom", renderer: () => renderer }];
  }

  private draw(target: DrawTarget): void {
    const scale = this.attachedTo?.chart.timeScale();
    if (!scale) return;
    const half = scale.options().barSpacing / 2;
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      for (const band of this.bands) {
        const [from, to] = [scale.timeToCoordinate(band.from), scale.timeToCoordinate(band.to)];
        if (from === null || to === null) continue;
        context.fillStyle = band.colour;
        context.fillRect(from - half, 0, to - from + 2 * half, mediaSize.height);
      }
    });
  }
}
