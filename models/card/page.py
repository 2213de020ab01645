"""A card as one HTML file: it loads nothing, runs nothing, and follows the reader's light or dark."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from models.card.figure import Figure
from models.card.section import Section
from models.card.svg import svg
from models.card.text import one_line, shown

_STYLE = """
:root { color-scheme: light dark; --text: #1d2330; --faint: #5b6472; --line: #d9dde4; --ground: #fff; --code: #f2f4f7; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e7ee; --faint: #a3abba; --line: #353c4b; --ground: #1a1e2c; --code: #252b3a; }
}
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.table { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .93em; }
th, td { text-align: left; vertical-align: top; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
code { background: var(--code); border-radius: 4px; padding: .08em .3em; font-size: .92em; overflow-wrap: anywhere; }
td code { overflow-wrap: break-word; }
pre { background: var(--code); border-radius: 6px; padding: .7rem .9rem; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
a { color: inherit; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 2rem; margin: 1rem 0; }
figure { margin: 0; flex: 0 1 440px; min-width: 0; }
figcaption { color: var(--faint); font-size: .93em; margin-bottom: .3rem; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; }
""".strip()
#: nothing but the page's own style; no script, no picture, no address is followed by itself
_POLICY = "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"


def page(title: str, about: str, sections: Sequence[Section]) -> str:
    """The file's content.

    Args:
        title: of the card; it may hold anything.
        about: Markdown below the title.
        sections: in order.
    """
    markdown = _markdown()
    policy = _POLICY.format(hash=base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode())
    body = "\n".join(_section(markdown, section) for section in sections)
    heading = escape(shown(title, 200))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<base target="_blank">\n'
        f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{heading}</h1>\n{_html(markdown, about)}{body}</main>\n</body>\n</html>\n"
    )


def _section(markdown: MarkdownIt, section: Section) -> str:
    figures = "".join(_figure(figure) for figure in section.figures)
    figures = f'<div class="figures">{figures}</div>\n' if figures else ""
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{_html(markdown, section.text)}{figures}</section>\n"


def _figure(figure: Figure) -> str:
    title, caption = escape(one_line(figure.title)), escape(one_line(figure.caption))
    return f"<figure><figcaption><strong>{title}</strong>, {caption}</figcaption>{svg(figure)}</figure>"


def _markdown() -> MarkdownIt:
    """CommonMark with tables; HTML within stays text, and there are no pictures, which could be from elsewhere."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def _html(markdown: MarkdownIt, text: str) -> str:
    tokens = markdown.parse(text)
    for token in tokens:
        _without_style(token)
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    html = html.replace("<pre>", '<pre tabindex="0">')  # what scrolls can be reached by keys
    return html.replace("<table>", '<div class="table" tabindex="0"><table>').replace("</table>", "</table></div>")


def _without_style(token: Token) -> None:
    """Cells that are set to the right say so by a class: the page's policy allows no style on elements."""
    if token.attrs.pop("style", None) == "text-align:right":
        token.attrs["class"] = "number"
