// What a page shows when it breaks: a sentence, and the rest of the frame (the stop button too) stays.

import { Component, type ReactNode } from "react";

export class Guard extends Component<{ children: ReactNode }, { broken: string }> {
  override state = { broken: "" };

  static getDerivedStateFromError(error: unknown): { broken: string } {
    return { broken: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <div className="problem" role="alert">
        <b>This page could not be drawn.</b>
        {this.state.broken}. The stop button above works all the same.{" "}
        <button type="button" className="button small" onClick={() => window.location.reload()}>
          Load it again
        </button>
      </div>
    );
  }
}
