"""Draw the pictures of the terminal for the README: reports as canarygate prints them, as SVG.

.venv/bin/canarygate demo
.venv/bin/python scripts/make_pictures.py results/demo-…-first results/demo-…-second
"""

import io
import json
import sys
from html import escape
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from canarygate.report.table import WIDTH, render_report

IMAGES = Path(__file__).parent.parent / "docs" / "images"
THEME = TerminalTheme(
    (30, 33, 39),
    (214, 218, 224),
    [(40, 44, 52), (224, 108, 117), (152, 195, 121), (229, 192, 123)] + [(171, 178, 191)] * 4,
)
# Rich's own template fetches a font from the network; a README should not.
FRAME = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>TITLE</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect fill="rgb(30,33,39)" x="0" y="0" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def draw(folder: Path) -> Path:
    """One report as a picture named after its verdict."""
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    console = Console(
        record=True, width=WIDTH, force_terminal=True, file=io.StringIO(), highlight=False
    )
    console.print(
        Text("$ canarygate gate --target-host $CANARY --stable-host $STABLE", style="dim")
    )
    console.print(render_report(document, f"{folder}/report.json"))
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = IMAGES / f"{document['verdict']}.svg"
    svg = console.export_svg(theme=THEME, code_format=FRAME, unique_id="gate")
    title = escape(f"canarygate's answer in a terminal: {document['sentence']}")
    path.write_text(svg.replace("TITLE", title), encoding="utf-8")
    return path


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        sys.stdout.write(f"{draw(Path(argument))}\n")
