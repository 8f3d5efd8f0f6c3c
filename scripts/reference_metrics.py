"""The reference page of figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from reference_text import table
from strikewise.apps.api.metric_names import METRICS

__all__ = ["metrics_page"]


def metrics_page() -> str:
    """Describe every figure that `/metrics` shows."""
    return "\n\n".join(
        [
            "# Metrics",
            "What `strikewise serve` shows at `/metrics`, to whoever shows a token of the scope `read`. "
            "Amounts are dollars, times seconds, sizes bytes. What is not known is left out, and never "
            "nought. How to watch them: [Prometheus, Grafana and traces](../how-to/watch-it.md).",
            table(("figure", "kind", "labels", "what it is"), _rows()),
            "Beside these stand Python's own: `process_*` of the server, `python_gc_*` and `python_info`.",
        ]
    )


def _rows() -> Iterator[tuple[str, ...]]:
    for name, meaning in METRICS.items():
        yield f"`{name}`", meaning.kind, ", ".join(f"`{one}`" for one in meaning.labels), meaning.text
