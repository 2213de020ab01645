"""What a hostile page, or a hostile file, can do in the browser of somebody who is logged in: nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.embedded_server.server_process import ServerProcess

pytestmark = pytest.mark.end_to_end

SCRIPT = "<script>document.title = 'it ran'</script>"
#: tries one thing, and tells how it ended: what could be read, or that nothing could
TRY = """async ([kind, url, options]) => {
  const element = name => new Promise(end => {
    const made = document.createElement(name);
    made.onload = () => end("loaded");
    made.onerror = () => end("refused");
    made.src = url;
    document.body.append(made);
  });
  if (kind !== "fetch") return element(kind);
  if (options.file) {
    options.body = new FormData();
    options.body.append(options.file, new File(["x"], "x"));
  }
  try {
    const answer = await fetch(url, {credentials: "include", ...options});
    if (answer.type === "opaque") return "opaque";
    return [401, 403].includes(answer.status) ? "refused" : await answer.text();
  } catch {
    return "refused";
  }
}"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>hostile</title><body>")

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def server(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("attacked") / "data")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def hostile_port() -> Iterator[int]:
    """Of another program on this machine, which gives its visitors a page."""
    site = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    yield site.server_address[1]
    site.shutdown()
    thread.join()
    site.server_close()


@pytest.fixture(scope="module")
def logged_in(browser: Browser, server: ServerProcess) -> Iterator[BrowserContext]:
    """A browser that has followed a login link."""
    context = browser.new_context()
    link = requests.post(f"{server.address['web']}/login-link", auth=server.key_pair, timeout=10).json()["link"]
    page = context.new_page()
    page.goto(link)
    assert context.cookies()[0]["httpOnly"]
    yield context
    context.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])  # the same site, to a browser, and another one
def test_a_hostile_page_reads_and_changes_nothing(
    server: ServerProcess, logged_in: BrowserContext, hostile_port: int, host: str
) -> None:
    task = server.ok("tasks.create", name="what nobody may see", type="training")["id"]
    server.http.post(server.address["files"], files={"secret.txt": b"what nobody may see"}).raise_for_status()
    api, files, web = (server.address[name] for name in ("api", "files", "web"))
    delete, text = f"{api}/tasks.delete", {"Content-Type": "text/plain"}
    body = f'{{"task": "{task}", "force": true}}'
    act = f'{{"action": "delete", "ids": ["{task}"]}}'
    page = logged_in.new_page()
    page.goto(f"http://{host}:{hostile_port}/")

    attempts: list[tuple[str, str, dict[str, Any]]] = [
        ("fetch", delete, {"method": "POST", "body": body, "headers": {"Content-Type": "application/json"}}),
        ("fetch", delete, {"method": "POST", "body": body, "headers": text, "mode": "no-cors"}),
        ("fetch", f"{delete}?task={task}&force=true", {"mode": "no-cors"}),
        ("fetch", f"{api}/tasks.get_all", {}),
        ("img", f"{delete}?task={task}&force=true", {}),
        ("script", f"{delete}?task={task}&force=true", {}),
        ("fetch", files, {"method": "POST", "mode": "no-cors", "file": "planted"}),
        ("fetch", f"{files}/secret.txt", {"method": "DELETE"}),
        ("fetch", f"{files}/secret.txt", {}),
        ("script", f"{files}/secret.txt", {}),
        ("fetch", f"{web}/actions", {"method": "POST", "body": act, "headers": text, "mode": "no-cors"}),
        ("fetch", f"{web}/queues/new", {"method": "POST", "body": '{"name": "planted"}', "mode": "no-cors"}),
        ("fetch", f"{web}/logout", {"method": "POST", "mode": "no-cors"}),
        ("fetch", f"{web}/index.json", {}),
        ("script", f"{web}/index.json", {}),
    ]
    ended = [page.evaluate(TRY, [kind, url, options]) for kind, url, options in attempts]
    assert set(ended) <= {"refused", "opaque"}, ended
    assert "nobody may see" not in _framed(page, web)

    assert server.ok("tasks.get_by_id", task=task)["task"]["status"] == "created"
    assert server.ok("queues.get_all", name="planted")["queues"] == []
    assert server.http.get(f"{files}/planted").status_code == 404
    assert server.http.get(f"{files}/secret.txt").text == "what nobody may see"
    still = logged_in.new_page()
    still.goto(f"{web}/tasks/{task}")
    assert "what nobody may see" in still.content()


def _framed(page: Page, address: str) -> str:
    """What a page gets to show of ours in a frame."""
    page.evaluate("address => { document.body.innerHTML = `<iframe src='${address}'></iframe>`; }", address)
    page.wait_for_function("() => document.readyState === 'complete'")
    return "".join(frame.content() for frame in page.frames[1:])


@pytest.mark.parametrize("port", ["files", "web"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", SCRIPT),
        ("page.xhtml", f'<html xmlns="http://www.w3.org/1999/xhtml"><head>{SCRIPT}</head></html>'),
        ("picture.svg", f'<svg xmlns="http://www.w3.org/2000/svg">{SCRIPT}</svg>'),
        ("notes.txt", SCRIPT),
    ],
)
def test_a_hostile_file_is_saved_and_not_run(
    server: ServerProcess, logged_in: BrowserContext, tmp_path: Path, port: str, name: str, content: str
) -> None:
    server.http.post(server.address["files"], files={name: content.encode()}).raise_for_status()
    page = logged_in.new_page()
    address = f"{server.address[port]}{'/files' if port == 'web' else ''}/{name}"
    with page.expect_download() as saved, pytest.raises(Error, match="ownload"):
        page.goto(address)
    saved.value.save_as(tmp_path / name)
    assert (tmp_path / name).read_text() == content
    assert page.title() == ""


@pytest.mark.parametrize("port", ["files", "web"])
def test_a_page_that_claims_to_be_a_picture_is_not_run(
    server: ServerProcess, logged_in: BrowserContext, port: str
) -> None:
    server.http.post(server.address["files"], files={"picture.png": SCRIPT.encode()}).raise_for_status()
    page = logged_in.new_page()
    page.goto(f"{server.address[port]}{'/files' if port == 'web' else ''}/picture.png")
    assert page.title() != "it ran"
    assert SCRIPT not in page.content()
