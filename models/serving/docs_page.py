"""The service described for people: one page of HTML that needs nothing from anywhere."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any


def docs_page(document: Mapping[str, Any]) -> str:
    """The page that ``/docs`` gives.

    Args:
        document: see `models.serving.openapi.openapi`.
    """
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(operation['summary'])}</td>"
        f"<td>{', '.join(html.escape(status) for status in sorted(operation['responses']))}</td></tr>"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    columns = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(_told(described))}</td></tr>"
        for name, described in document["components"]["schemas"]["Record"]["properties"].items()
    )
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    shown = html.escape(json.dumps(body["application/json"]["example"], ensure_ascii=False, indent=2))
    asked = html.escape(json.dumps(body["application/json"]["example"], ensure_ascii=True))
    csv_shown = html.escape(body["text/csv"]["example"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(document["info"]["title"])}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
         color: #1b1f24; background: #fff; }}
  table {{ border-collapse: collapse; width: 100%; }}
  th, td {{ border-bottom: 1px solid #d0d7de; padding: .35rem .6rem; text-align: left; vertical-align: top; }}
  pre {{ background: #f6f8fa; padding: 1rem; overflow: auto; }}
  code, pre {{ font-family: ui-monospace, monospace; font-size: .9rem; overflow-wrap: anywhere; }}
  @media (prefers-color-scheme: dark) {{
    body {{ color: #e6edf3; background: #0d1117; }} pre {{ background: #161b22; }} th, td {{ border-color: #30363d; }}
    a {{ color: #79b8ff; }}
  }}
</style></head><body>
<h1>{html.escape(document["info"]["title"])}</h1>
<p>{html.escape(document["info"]["description"])} For programs: <a href="/openapi.json">/openapi.json</a>.</p>
<h2>Paths</h2>
<table><thead><tr><th>Method</th><th>Path</th><th>What it gives</th><th>Status</th></tr></thead>
<tbody>{rows}</tbody></table>
<h2>Columns of a row</h2>
<table><thead><tr><th>Column</th><th>What it takes</th></tr></thead><tbody>{columns}</tbody></table>
<h2>Rows as JSON</h2>
<p>One record, a list of records, or an object with such a list as its item <code>rows</code>:</p>
<pre>{shown}</pre>
<h2>Rows as CSV</h2>
<p>With <code>Content-Type: text/csv</code>:</p>
<pre>{csv_shown}</pre>
<h2>With curl</h2>
<pre>curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d @- http://HOST:PORT/predict &lt;&lt;'END'
{asked}
END</pre>
</body></html>
"""


def _told(described: Mapping[str, Any]) -> str:
    if "enum" in described:
        return "one of " + ", ".join(str(value) for value in described["enum"] if value is not None) + "; or null"
    kinds = [kind for kind in described.get("type", []) if kind != "null"]
    return "; ".join(filter(None, [described.get("description", ""), *(f"a {kind} or null" for kind in kinds)]))
