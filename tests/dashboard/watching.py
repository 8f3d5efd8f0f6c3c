"""What a window complained of, and whether what it shows was drawn."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import ConsoleMessage, Page

__all__ = ["CONTRAST", "FETCHED", "RULES", "Watched", "drawn", "settled", "violations"]

VIOLATIONS = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(event.violatedDirective + " " + event.blockedURI));
"""
DRAWN = """
(chart) => {
  const canvases = [...chart.querySelectorAll("canvas")];
  const colours = new Set();
  for (const canvas of canvases) {
    if (!canvas.width || !canvas.height) continue;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let n = 0; n < data.length; n += 4 * 7)
      if (data[n + 3] > 40) colours.add((data[n] << 16) | (data[n + 1] << 8) | data[n + 2]);
  }
  const lines = [...chart.querySelectorAll("svg path")].filter((one) => one.getTotalLength() > 100);
  return colours.size + lines.length;
}
"""
FETCHED = """
['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))
  .reduce((sum, one) => sum + one.transferSize, 0)
"""
"""Bytes that came over the wire, compressed as they came."""
BUSY = "status of 503"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
CONTRAST = ("color-contrast",)
JUDGE = """
async (rules) => {
  const found = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return found.violations.map((one) =>
    one.id + ": " + one.nodes.slice(0, 3)
      .map((node) => node.html.slice(0, 140) + " " + node.failureSummary).join(" | "));
}
"""


class Watched:
    """Everything that a window complains of.

    Parameters
    ----------
    page : Page
        The window.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._told: list[str] = []
        page.add_init_script(VIOLATIONS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._told.append(f"error: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        # A busy server tells the page to ask again, and the browser complains of that whatever comes next.
        if message.type in {"error", "warning"} and BUSY not in message.text:
            self._told.append(f"{message.type}: {message.text}")

    def complaints(self) -> list[str]:
        """Return errors, warnings, and what the content policy stopped."""
        stopped: list[str] = self._page.evaluate("window.__violations")
        return [*self._told, *stopped]

    def forget(self) -> None:
        """Begin anew."""
        self._told.clear()


def settled(page: Page) -> None:
    """Wait until everything that was asked for is there."""
    page.locator("main").wait_for()
    for _ in range(400):
        if page.locator(".waiting").count() == 0:
            break
        page.wait_for_timeout(50)
    assert page.locator(".waiting").count() == 0, "Something never came."
    page.wait_for_timeout(120)


def drawn(page: Page) -> list[int]:
    """Return for each chart how many colours (or lines) it shows."""
    return [chart.evaluate(DRAWN) for chart in page.locator("[data-chart]").all()]


def violations(page: Page, axe: str, rules: tuple[str, ...] = RULES) -> list[Any]:
    """Return what axe finds wrong with the page as it is, by some tags or rules."""
    page.evaluate(axe)
    found: list[Any] = page.evaluate(JUDGE, list(rules))
    return found
