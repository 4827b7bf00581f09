"""Draw docs/images/ anew: real gates on demo shops, in a real terminal and a real browser.

.venv/bin/python scripts/make_pictures.py [NAME...]     some two minutes; needs tmux and chromium

Look at them afterwards: a picture that nobody looked at shows anything.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from canarygate.cli.demo import demo_shop

CHECKOUT = Path(__file__).resolve().parent.parent
IMAGES = CHECKOUT / "docs" / "images"
COLUMNS, LINES = 80, 60
MOST_SECONDS = 90.0
GREY, INK, RED, GREEN = (40, 44, 52), (214, 218, 224), (224, 108, 117), (152, 195, 121)
YELLOW, BLUE, VIOLET, CYAN = (229, 192, 123), (97, 175, 239), (198, 120, 221), (86, 182, 194)
THEME = TerminalTheme((30, 33, 39), INK, [GREY, RED, GREEN, YELLOW, BLUE, VIOLET, CYAN, INK])
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
BROWSER = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-quic", "--force-device-scale-factor=1"),
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A gate on two demo shops, and when to look."""

    name: str
    title: str
    faults: str = ""
    environ: Mapping[str, str]
    looks_at: float | None = None
    """Seconds after its start; None: when it is over."""
    draws_report: bool = False


USUAL = {"USERS": "40", "SPAWN_RATE": "20", "WARM_UP": "5s", "RUN_TIME": "45s", "SEED": "demo"}
SCENES = (
    Scene(name="pass", title="A healthy canary passes", environ=USUAL),
    Scene(
        name="fail",
        title="A canary that answers 200-800 ms late fails",
        faults="latency=200-800ms",
        environ=USUAL,
        draws_report=True,
    ),
    Scene(
        name="inconclusive",
        title="Too little traffic is neither",
        environ={**USUAL, "USERS": "2", "RUN_TIME": "26s"},
    ),
    Scene(
        name="progress",
        title="A gate under way",
        faults="error=503:1%",
        environ=USUAL,
        looks_at=18.0,
    ),
)


def main() -> None:
    """Every picture, one after the other: gates beside each other would disturb each other."""
    missing = [each for each in ("tmux", BROWSER[0]) if shutil.which(each) is None]
    if missing:
        sys.exit(
            f"make_pictures: needs {' and '.join(missing)}: apt-get install {' '.join(missing)}"
        )
    IMAGES.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stable = stack.enter_context(demo_shop("v1"))
        wanted = sys.argv[1:]
        for scene in (each for each in SCENES if not wanted or each.name in wanted):
            with demo_shop("v2", scene.faults) as canary, tempfile.TemporaryDirectory() as folder:
                hosts = {"TARGET_HOST": canary, "STABLE_HOST": stable}
                screen = gate_on_screen(scene, {**scene.environ, **hosts}, Path(folder))
                draw_terminal(scene, screen)
                if scene.draws_report:
                    [report] = Path(folder).glob("results/*/report.html")
                    draw_report(report)
            sys.stdout.write(f"{IMAGES / scene.name}.svg\n")


def gate_on_screen(scene: Scene, environ: Mapping[str, str], folder: Path) -> str:
    """What the terminal shows, with its colours as escape sequences."""
    with terminal({**environ, "SERVICE": "checkout"}, folder) as name:
        type_in(name, "canarygate gate; echo; echo ended $?")
        began = time.monotonic()
        while time.monotonic() - began < MOST_SECONDS:
            screen = capture(name)
            if scene.looks_at is None and "\nended " in screen:
                return screen.partition("\nended ")[0]
            if scene.looks_at is not None and time.monotonic() - began > scene.looks_at:
                return screen
            time.sleep(0.3)
    raise SystemExit(f"make_pictures: {scene.name} did not end within {MOST_SECONDS:g} s")


@contextmanager
def terminal(environ: Mapping[str, str], folder: Path) -> Iterator[str]:
    """A shell in a terminal of its own; gives the name of its session."""
    name = f"canarygate-{os.getpid()}"
    given = {
        **environ,
        "PS1": "$ ",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "FLOWS_DIR": str(CHECKOUT / "locustfiles"),
        "LANG": "C.UTF-8",
    }
    size = ["-x", str(COLUMNS), "-y", str(LINES)]
    shell = ["env", "-u", "NO_COLOR", *(f"{key}={value}" for key, value in given.items()), "sh"]
    tmux("new-session", "-d", "-s", name, *size, "-c", str(folder), *shell)
    try:
        yield name
    finally:
        tmux("kill-session", "-t", name)


def type_in(name: str, text: str) -> None:
    """Without an echo of what a reader would not type."""
    tmux("send-keys", "-t", name, f"clear; {text}", "Enter")


def capture(name: str) -> str:
    """The screen as it is."""
    return tmux("capture-pane", "-e", "-p", "-t", name)


def tmux(*words: str) -> str:
    """Its own server, so that nobody's sessions are touched."""
    done = subprocess.run(
        ["tmux", "-L", "canarygate-pictures", *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def draw_terminal(scene: Scene, screen: str) -> None:
    """The screen as an SVG."""
    console = Console(
        record=True, width=COLUMNS, force_terminal=True, file=io.StringIO(), highlight=False
    )
    console.print(Text("$ canarygate gate", style="dim"))
    console.print(Text.from_ansi(screen.strip("\n")))
    svg = console.export_svg(theme=THEME, code_format=FRAME, unique_id=f"gate-{scene.name}")
    path = IMAGES / f"{scene.name}.svg"
    path.write_text(svg.replace("TITLE", escape(scene.title)), encoding="utf-8")


def draw_report(report: Path) -> None:
    """The top of a report, as a browser shows it."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                *BROWSER,
                f"--user-data-dir={profile}",
                "--window-size=1000,1212",
                f"--screenshot={IMAGES / 'report.png'}",
                report.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


if __name__ == "__main__":
    main()
