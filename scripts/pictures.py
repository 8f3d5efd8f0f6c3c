"""Draw the pictures of the documentation anew, from a data home that `make demo` made.

`docs/assets/report.png` is the top of the demonstration's report as a browser shows it;
`docs/assets/scan.svg` and `run.svg` are what `strikewise scan` and `run` print in a terminal. Needs Chromium.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from shown import said, set_up

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
ASSETS = ROOT / "docs" / "assets"
WIDTH, HEIGHT = 1280, 1050
"""Down to the drawdown: what was earned, and what it took."""
MOST_BYTES = 300_000
SCAN = "strikewise scan --as-of 2018-11-15"
RUN = "strikewise run --replay 2018-02-01..2018-02-09 --spec account.toml"
SPEC = ROOT / "src" / "strikewise" / "apps" / "cli" / "demo_specs" / "account.toml"
HOLDER = re.compile(r"^.*holder=.*$", re.MULTILINE)
"""The line that names the computer and the process."""
SETTINGS = """\
[account]
capital = 250_000

[strategies.credit_spread]
width = 50.0

[strategies.iron_condor]
width = 50.0
"""


def main() -> int:
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, required=True, help="a data home that make demo made")
    parser.add_argument("--chromium", default="chromium", help="the browser")
    asked = parser.parse_args()
    ASSETS.mkdir(parents=True, exist_ok=True)
    report = asked.home / "reports" / "credit_spread" / "report.html"
    told(json.loads((report.parent / "result.json").read_text(encoding="utf-8"))["summary"])
    picture = repacked(photograph(report.resolve(), asked.chromium))
    if len(picture) > MOST_BYTES:
        raise SystemExit(
            f"The picture of the report has {len(picture):,} bytes; at most {MOST_BYTES:,} are wanted."
        )
    (ASSETS / "report.png").write_bytes(picture)
    (ASSETS / "scan.svg").write_text(terminal(SCAN, asked.home.resolve()), encoding="utf-8")
    (ASSETS / "run.svg").write_text(terminal(RUN, asked.home.resolve(), aloud=True), encoding="utf-8")
    return 0


def told(summary: dict[str, float]) -> None:
    """Fail where the pages tell other figures than the picture."""
    pages = [README, ROOT / "docs" / "how-to" / "read-a-report.md"]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    for figure in (
        f"won {summary['win_rate']:.0%} of its trades",
        f"{summary['total_return']:.1%} in five years",
    ):
        if not all(figure in text for text in texts):
            raise SystemExit(f"The README or the page on reports does not tell: {figure}.")


def photograph(page: Path, chromium: str) -> bytes:
    """Return the top of a page as a browser shows it, a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "page.png"
        flags = (
            "--headless --no-sandbox --disable-gpu --hide-scrollbars --disable-background-networking "
            f"--no-first-run --virtual-time-budget=4000 --window-size={WIDTH},{HEIGHT}"
        ).split()
        places = [f"--user-data-dir={folder}/profile", f"--screenshot={picture}", page.as_uri()]
        subprocess.run(  # noqa: S603 - the browser that was named
            [shutil.which(chromium) or chromium, *flags, *places], check=True, capture_output=True
        )
        return picture.read_bytes()


def repacked(png: bytes) -> bytes:
    """Return a PNG with nothing but its pixels, packed as tightly as zlib can."""
    kept, packed, place = png[:8], b"", 8
    while place < len(png):
        (length,), kind = struct.unpack(">I", png[place : place + 4]), png[place + 4 : place + 8]
        body = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            kept += _chunk(kind, body)
        packed += body if kind == b"IDAT" else b""
        place += length + 12
    return kept + _chunk(b"IDAT", zlib.compress(zlib.decompress(packed), 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def terminal(command: str, home: Path, *, aloud: bool = False) -> str:
    """Return a command and what it prints, in colour, as SVG that loads nothing from elsewhere."""
    with tempfile.TemporaryDirectory() as folder:
        place = set_up(Path(folder), home)
        (place / "settings.toml").write_text(SETTINGS, encoding="utf-8")
        shutil.copy(SPEC, folder)
        printed = HOLDER.sub("…", said(command, Path(folder), colour=True, aloud=aloud))
    screen = Console(record=True, width=100, file=StringIO(), force_terminal=True)
    screen.print(Text(f"$ {command}\n", style="bold"))
    screen.print(Text.from_ansi(printed))
    bare = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return screen.export_svg(title="strikewise", code_format=bare, unique_id="strikewise")


if __name__ == "__main__":
    sys.exit(main())
