"""The web page: files that the build put beside this module, or a plain page that says what to run."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from strikewise.apps.api.problems import ProblemError

__all__ = ["STATIC", "router"]

STATIC = Path(__file__).with_name("static")
FOR_EVER = "public, max-age=31536000, immutable"
"""Of files that have their digest in their name."""
NO_PAGE = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>strikewise</title>
<style>body{font:16px/1.5 system-ui;max-width:38rem;margin:4rem auto;padding:0 1rem}
code{background:#8883}</style>
<h1>The API runs; the page was not built</h1>
<p>This installation has no built web page. In a source checkout, whether there is a Node here or not:</p>
<pre><code>make page</code></pre>
<p>Then start <code>strikewise serve</code> again. The API is at <code>/api/v1</code>; make a token for it
with <code>strikewise token create</code>, and read <code>/api/v1/openapi.json</code>.</p>
<p>To stop trading without the page: <code>strikewise halt</code>.</p></html>
"""


router = APIRouter(include_in_schema=False)


def _file_of(static: Path, path: str) -> Path | None:
    """Return the page's file of a path; None where it is none, or lies outside."""
    try:
        found = (static / path).resolve()
        return found if path and found.is_relative_to(static.resolve()) and found.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


@router.get("/{path:path}")
def page(request: Request, path: str) -> Response:
    """Return a file of the page; its first one for every address that is nobody else's."""
    static = cast("Path", request.state.static)
    if path.startswith(("api/", "health/")) or path == "metrics":
        raise ProblemError(404, f"There is nothing at {request.url.path[:200]}.")
    found = _file_of(static, path)
    if found is not None:
        kept = FOR_EVER if path.startswith("assets/") else "no-cache"
        return FileResponse(found, headers={"Cache-Control": kept})
    if path.startswith("assets/"):
        raise ProblemError(404, f"There is nothing at {request.url.path[:200]}.")
    index = static / "index.html"
    if not index.is_file():
        return HTMLResponse(NO_PAGE)
    return FileResponse(index, headers={"Cache-Control": "no-cache"})
