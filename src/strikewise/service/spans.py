"""Spans, for faces that let somebody stand around what they are asked."""

from __future__ import annotations

from strikewise.execution.spans import Span, Spans, unseen

__all__ = ["Span", "Spans", "unseen"]
