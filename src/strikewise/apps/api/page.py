"""The web page: files that the build put beside this module, or a plain page that says what to run."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from strikewise.apps.api.problems import ProblemError

__all__ = ["STATIC", "add_page"]

STATIC = Path(__file__).with_name("static")
FOR_EVER = "public, max-age=31536000, immutable"
"""Of files that have their digest in their name."""
NO_PAGE = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>strikewise</title>
<style>body{font:16px/1.5 system-ui;max-width:38rem;margin:4rem auto;padding:0 1rem}
code{background:#8883}</style>
<h1>The API runs; the page was not built</h1>
<p>This installation has no built web page. In a source checkout, with Node:</p>
<pre><code>cd dashboard &amp;&amp; npm ci &amp;&amp; npm run build</code></pre>
<p>Then start <code>strikewise serve</code> again. The API is at <code>/api/v1</code>; make a token for it
with <code>strikewise token create</code>, and read <code>/api/v1/openapi.json</code>.</p>
<p>To stop trading without the page: <code>strikewise halt</code>.</p></html>
"""


def add_page(app: FastAPI, static: Path = STATIC) -> None:
    """Let an application serve the page for every address that is nobody else's.

    Parameters
    ----------
    app : FastAPI
        The application, with all its other routes.
    static : Path
        Where the built page is.
    """
    router = APIRouter(include_in_schema=False)
    index = static / "index.html"

    @router.get("/{path:path}")
    def page(request: Request, path: str) -> Response:
        if path.startswith(("api/", "health/")) or path == "metrics":
            raise ProblemError(404, f"There is nothing at {request.url.path[:200]}.")
        found = (static / path).resolve()
        if path and found.is_file() and found.is_relative_to(static.resolve()):
            kept = FOR_EVER if path.startswith("assets/") else "no-cache"
            return FileResponse(found, headers={"Cache-Control": kept})
        if path.startswith("assets/"):
            raise ProblemError(404, f"There is nothing at {request.url.path[:200]}.")
        return FileResponse(index) if index.is_file() else HTMLResponse(NO_PAGE)

    app.include_router(router)
