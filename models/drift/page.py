"""The page ``/drift`` of a service: one file, without scripts, and with nothing from elsewhere."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import jinja2

from models.drift.column_drift import FALSE_ALARMS
from models.drift.shares import OTHERS, Shares
from models.drift.watch import Watch

REFRESH_SECONDS = 30
#: Columns of a wide table that the page shows, the worst.
COLUMNS = 200
STYLE = Path(__file__).with_name("drift.css").read_text("utf-8")
#: What a browser lets this page do: apply its own style sheet. It says so itself; a header may say it, too.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; style-src "
    f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)


def page(watch: Watch | None, reason: str = "") -> str:
    """The page as HTML.

    Args:
        watch: what is known; None where nothing is watched.
        reason: why nothing is.
    """
    return _template().render(
        watch=watch,
        reason=reason,
        drawing=Drawing(),
        style=jinja2.utils.markupsafe.Markup(STYLE),
        policy=CONTENT_SECURITY_POLICY,
        columns_shown=COLUMNS,
        refresh_seconds=REFRESH_SECONDS,
        false_alarms=FALSE_ALARMS,
    )


@dataclass(frozen=True)
class Bar:
    """Two bars of one cell, side by side, and what they say."""

    title: str
    x: float
    width: float
    then_y: float
    then_height: float
    now_y: float
    now_height: float

    @property
    def now_x(self) -> float:
        """Where the second one begins."""
        return round(self.x + self.width, 2)


@dataclass(frozen=True)
class Drawing:
    """Bars of a column, in pixels."""

    width: int = 240
    height: int = 44

    def of(self, shares: Shares) -> Iterator[Bar]:
        """The bars from left to right; the highest takes all of the height.

        Other categories, which may be most of them, do not count for that: their bars are cut off.
        """
        named = [label != OTHERS for label in shares.labels]
        several = sum(named) > 1
        highest = max([*compress(shares.then, named), *compress(shares.now, named), 1e-9]) if several else 1.0
        step = self.width / max(1, len(shares.labels))
        for position, (label, then, now) in enumerate(zip(shares.labels, shares.then, shares.now, strict=True)):
            heights = (min(1.0, each / highest) * (self.height - 2) for each in (then, now))
            then_height, now_height = (round(each, 2) for each in heights)
            yield Bar(
                f"{label}: {then:.1%} in training, {now:.1%} now",
                round(position * step, 2),
                round(step * 0.42, 2),
                round(self.height - then_height, 2),
                then_height,
                round(self.height - now_height, 2),
                now_height,
            )


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=False, keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template("drift.html")
