"""Makes ``docs/run.svg``: the terminal of a real run on the sample table. Run by ``make picture``."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from config.settings import resolve
from pipelines.runs import run_through_queue

PICTURE = Path(__file__).with_name("run.svg")


def main() -> None:
    """Runs for a minute and writes the picture."""
    console = Console(record=True, file=io.StringIO(), width=118, color_system="truecolor", highlight=False)
    run_through_queue(resolve({"time_left": "60"}), console)
    svg = console.export_svg(title="make run")
    svg = re.sub(r"(login\?token=)[\w-]+", r"\1…", svg)  # used up or run out by now, but no key belongs into a picture
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # fetched from elsewhere; a local font will do
    PICTURE.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
