"""The files port."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import pytest
import requests
import uvicorn

from embedded_server import application, file_server
from embedded_server.access.accounts import Identity
from embedded_server.calls import Store
from embedded_server.connections import Connection
from embedded_server.errors import ApiError
from embedded_server.storage import files
from embedded_server.storage.files import FileStore
from tests.embedded_server.server_process import ServerProcess, raw, wait_until

FORM = "multipart/form-data"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("files") / "data")
    yield server
    server.stop()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", size_limit=100)


def everything(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


def put(store: FileStore, path: str, content: bytes = b"x") -> list[str]:
    with store.incoming() as incoming:
        incoming.open(path)
        incoming.write(content)
        return incoming.keep()


def upload(server: ServerProcess, **files: bytes) -> requests.Response:
    return server.http.post(server.address["files"], files={path: (path, content) for path, content in files.items()})


class TestStore:
    def test_a_file_lies_under_its_path(self, store: FileStore) -> None:
        assert put(store, "a/b c/ü.txt", b"one") == ["a/b c/ü.txt"]
        found = store.find("a/b c/ü.txt")
        assert found is not None
        assert found.read_bytes() == b"one"

    def test_the_last_upload_wins(self, store: FileStore) -> None:
        put(store, "a", b"one")
        put(store, "a", b"two")
        found = store.find("a")
        assert found is not None
        assert found.read_bytes() == b"two"

    @pytest.mark.parametrize(
        ("given", "stored"), [("/etc/passwd", "etc/passwd"), ("//a//b", "a/b"), ("./a/./b", "a/b")]
    )
    def test_an_absolute_path_becomes_relative(self, store: FileStore, given: str, stored: str) -> None:
        assert put(store, given) == [stored]

    @pytest.mark.parametrize(
        "path",
        [
            "", "/", ".", "..", "../x", "a/../../x", "a/..", "/../x", "a//../..//x", "./../x",
            # encoded once more than the port decodes
            "%2e%2e/x", "..%2fx", "%2E%2E%2Fx", ".%2e/x", "a/%2e%2e/%2e%2e/x", "%2e%2e%5cx", "a%00b", "a%0ab",
            # as other systems write it
            "..\\x", "a\\..\\..\\x", "C:\\..\\x", "a/..\\x",
            # dots and slashes of other scripts
            "\uff0e\uff0e/x", "\u2025/x", "..\uff0fx", "a\uff0f\uff0e\uff0e\uff0fx", "\u2024\u2024/x",
            "..\uff3cx", "\ufe52./x",
            # what is no text, or what a terminal obeys
            "a\0b", "a\nb", "a\x1b[2Jb", "a\x7f", "a\x9b2J", "a\udcff",
            # too long for a file system
            "n" * 256, "ü" * 128, "n/" * 2000, "n/" * 101, "n" * 100_000,
        ],
    )  # fmt: skip
    def test_a_path_that_leads_elsewhere_is_refused(self, store: FileStore, tmp_path: Path, path: str) -> None:
        with pytest.raises(ApiError) as refused:
            put(store, path)
        assert refused.value.code == 400
        assert store.find(path) is None
        assert not store.delete(path)
        assert everything(tmp_path) == ["files", "files/content", "files/incoming"]

    @pytest.mark.parametrize(
        "path",
        [
            "/etc/passwd", "C:\\Windows\\x", "C:/Windows/x", "\\\\server\\share\\x", "//server/share/x",
            "file:///etc/passwd", "~/x", "~root/x", "$HOME/x", "CON", "nul.txt", "a.txt:stream", "...", "..a/x",
            "a../x", "%252e%252e/x", "-rf", "a b", "日本/ü.txt", "a/" * 99 + "x", "n" * 255,
        ],
    )  # fmt: skip
    def test_a_path_that_only_looks_as_if_it_led_elsewhere_stays_within(
        self, store: FileStore, tmp_path: Path, path: str
    ) -> None:
        (stored,) = put(store, path)
        found = store.find(path)
        assert found is not None
        assert found == tmp_path / "files" / "content" / stored
        assert store.delete(path)
        assert everything(tmp_path) == ["files", "files/content", "files/incoming"]

    def test_a_link_leads_nowhere(self, store: FileStore, tmp_path: Path) -> None:
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "x").write_text("secret")
        os.symlink(tmp_path / "secret", tmp_path / "files" / "content" / "link")
        os.symlink(tmp_path / "secret" / "x", tmp_path / "files" / "content" / "file")
        assert store.find("link/x") is None
        assert store.find("file") is None
        assert not store.delete("link/x")
        with pytest.raises(ApiError):
            put(store, "link/new")
        assert [one.name for one in (tmp_path / "secret").iterdir()] == ["x"]

    @pytest.mark.parametrize("target", ["/etc", "..", "../..", "missing"])
    def test_a_link_in_the_place_of_a_folder_is_never_followed(
        self, store: FileStore, tmp_path: Path, target: str
    ) -> None:
        put(store, "a/b/x")
        content = tmp_path / "files" / "content"
        (content / "a" / "b" / "x").rename(tmp_path / "aside")
        (content / "a" / "b").rmdir()
        os.symlink(target, content / "a" / "b")
        before = everything(tmp_path)
        for path in ("a/b/x", "a/b/passwd", "a/b/content/x", "a/b"):
            assert store.find(path) is None
            assert not store.delete(path)
            with pytest.raises(ApiError):
                put(store, path)
        assert everything(tmp_path) == before

    def test_a_link_that_leads_to_itself(self, store: FileStore, tmp_path: Path) -> None:
        os.symlink("loop", tmp_path / "files" / "content" / "loop")
        assert store.find("loop/x") is None
        with pytest.raises(ApiError):
            put(store, "loop/x")

    def test_what_is_no_file_is_not_served(self, store: FileStore, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "files" / "content" / "pipe")  # who opened it would wait for ever
        assert store.find("pipe") is None
        assert not store.delete("pipe")

    def test_an_upload_of_many_files_holds_one_of_them_open(self, store: FileStore) -> None:
        with store.incoming() as incoming:
            before = psutil.Process().num_fds()
            for number in range(50):
                incoming.open(f"many/{number}")
                incoming.write(b"x")
            assert psutil.Process().num_fds() <= before + 1
            assert len(incoming.keep()) == 50

    def test_an_upload_of_too_many_files_keeps_none(
        self, store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "MOST_FILES", 3)
        with store.incoming() as incoming:
            for number in range(3):
                incoming.open(f"many/{number}")
            with pytest.raises(ApiError) as refused:
                incoming.open("many/3")
        assert refused.value.code == 413
        assert everything(tmp_path) == ["files", "files/content", "files/incoming"]

    def test_a_file_where_a_folder_has_to_be(self, store: FileStore) -> None:
        put(store, "a")
        put(store, "b/c")
        for path in ("a/b", "b"):
            with pytest.raises(ApiError) as refused:
                put(store, path)
            assert refused.value.code == 409

    def test_too_large_an_upload_leaves_nothing(self, store: FileStore, tmp_path: Path) -> None:
        with pytest.raises(ApiError) as refused:
            put(store, "large", b"x" * 101)
        assert refused.value.code == 413
        assert [one for one in (tmp_path / "files").rglob("*") if one.is_file()] == []

    def test_deletion_takes_empty_folders_along(self, store: FileStore, tmp_path: Path) -> None:
        put(store, "a/b/one")
        put(store, "a/two")
        assert store.delete("a/b/one")
        assert not store.delete("a/b/one")
        assert sorted(one.name for one in (tmp_path / "files" / "content").rglob("*")) == ["a", "two"]

    def test_what_a_killed_server_had_not_finished_is_cleared_away(self, store: FileStore, tmp_path: Path) -> None:
        (tmp_path / "files" / "incoming" / "left").write_bytes(b"over")
        FileStore(tmp_path / "files")
        assert list((tmp_path / "files" / "incoming").iterdir()) == []


class TestPort:
    def test_several_files_at_once(self, server: ServerProcess) -> None:
        answer = upload(server, **{"many/a": b"one", "many/b": b"two"})
        assert answer.json() == ["many/a", "many/b"]
        assert server.http.get(f"{server.address['files']}/many/b").content == b"two"

    def test_names_with_what_urls_escape(self, server: ServerProcess) -> None:
        upload(server, **{"odd/100% a+b&c #1?.txt": b"odd"})
        url = f"{server.address['files']}/odd/100%25%20a%2Bb%26c%20%231%3F.txt"
        assert server.http.get(url).content == b"odd"

    def test_one_bad_path_keeps_the_others_out(self, server: ServerProcess) -> None:
        assert upload(server, **{"mixed/good": b"one", "../bad": b"two"}).status_code == 400
        assert server.http.get(f"{server.address['files']}/mixed/good").status_code == 404

    @pytest.mark.parametrize(("wanted", "got"), [("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-2", b"89")])
    def test_ranges(self, server: ServerProcess, wanted: str, got: bytes) -> None:
        upload(server, digits=b"0123456789")
        answer = server.http.get(f"{server.address['files']}/digits", headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (206, got)

    def test_a_token_may_come_as_a_cookie_and_a_key_pair_may_not(self, server: ServerProcess) -> None:
        upload(server, cookie=b"x")
        url = f"{server.address['files']}/cookie"
        assert requests.get(url, cookies={"clearml_token_basic": server.token}).status_code == 200
        assert requests.get(url, cookies={"clearml_token_basic": "bad"}).status_code == 401
        assert requests.get(url, auth=server.key_pair).status_code == 401

    def test_without_a_token_nobody_learns_what_is_there(self, server: ServerProcess) -> None:
        assert requests.get(f"{server.address['files']}/no/such/file").status_code == 401
        assert requests.get(server.address["files"]).status_code == 200
        assert requests.post(server.address["files"], files={"a": b"x"}).status_code == 401

    @pytest.mark.parametrize(
        "path",
        [
            "/../server.json", "/%2e%2e/%2e%2e/server.json", "/..%2f..%2fserver.json", "/%252e%252e/x", "//etc/passwd",
            "/..%5c..%5cserver.json", "/%00", "/" + "a" * 5000, "/" + "a/" * 5000, "/content/../../../server.json",
            "/%c0%ae%c0%ae/server.json", "/%ef%bc%8e%ef%bc%8e/server.json", "/..;/server.json", "/.%00./server.json",
            "http://x/../server.json", "/../credentials.json", "/%2e%2e%2f%2e%2e%2fcredentials.json",
            "/..%252f..%252fcredentials.json",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_no_path_leads_out(self, server: ServerProcess, path: str, method: str) -> None:
        with raw(server.address["files"]) as connection:
            known = f"Authorization: Bearer {server.token}"
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{known}\r\n\r\n".encode())
            status = connection.makefile("rb").readline().split()[1]
        assert status in (b"404", b"400")
        assert (server.folder / "server.json").exists()
        assert (server.folder / "credentials.json").exists()

    @pytest.mark.parametrize(
        "name", ["../../escaped", "..%2f..%2fescaped", "\uff0e\uff0e/escaped", "a/" * 200 + "escaped"]
    )
    def test_no_upload_leads_out(self, server: ServerProcess, name: str) -> None:
        assert upload(server, **{name: b"x"}).status_code == 400
        assert list(server.folder.parent.rglob("escaped")) == []

    @pytest.mark.parametrize(
        ("name", "kind", "how"),
        [
            ("page.html", "application/octet-stream", "attachment"),
            ("page.xhtml", "application/octet-stream", "attachment"),
            ("page.xml", "application/octet-stream", "attachment"),
            ("script.js", "application/octet-stream", "attachment"),
            ("script.mjs", "application/octet-stream", "attachment"),
            ("style.css", "application/octet-stream", "attachment"),
            ("paper.pdf", "application/octet-stream", "attachment"),
            ("page.html.gz", "application/octet-stream", "attachment"),
            ("picture.png.html", "application/octet-stream", "attachment"),
            ("nothing", "application/octet-stream", "attachment"),
            ("picture.svg", "image/svg+xml", "attachment"),
            ("notes.txt", "text/plain; charset=utf-8", "attachment"),
            ("leaderboard.json", "application/json", "attachment"),
            ("picture.PNG", "image/png", "inline"),
            ("picture.jpeg", "image/jpeg", "inline"),
        ],
    )
    def test_no_file_runs_in_a_browser(self, server: ServerProcess, name: str, kind: str, how: str) -> None:
        upload(server, **{name: b"<script>alert(1)</script>"})
        for url in (f"{server.address['files']}/{name}", f"{server.address['web']}/files/{name}"):
            headers = server.http.get(url).headers
            assert headers["Content-Type"] == kind
            assert headers["Content-Disposition"] == f'{how}; filename="{name}"'
            assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cross-Origin-Resource-Policy"] == "same-site"

    def test_a_name_cannot_break_out_of_its_header(self, server: ServerProcess) -> None:
        name = 'a"; filename=b.html'
        upload(server, **{name: b"x"})
        said = server.http.get(f"{server.address['files']}/{quote(name)}").headers["Content-Disposition"]
        assert said == f"attachment; filename*=utf-8''{quote(name)}"

    def test_only_the_own_web_page_may_read_across(self, server: ServerProcess) -> None:
        for origin, allowed in ((server.address["web"], server.address["web"]), ("https://evil.example", None)):
            answer = requests.get(server.address["files"], headers={"Origin": origin})
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/json", b"{}"),
            ("multipart/form-data", b"x"),
            (f"{FORM}; boundary=b", b""),
            (f"{FORM}; boundary=b", b"not that"),
            (f"{FORM}; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n'),
            (f"{FORM}; boundary=b", b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n"),
            (f"{FORM}; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nx'),
        ],
    )
    def test_what_is_no_upload_is_refused(self, server: ServerProcess, kind: str, body: bytes) -> None:
        answer = server.http.post(server.address["files"], data=body, headers={"Content-Type": kind})
        assert answer.status_code == 400

    def test_an_upload_that_breaks_off_leaves_nothing(self, server: ServerProcess) -> None:
        place = urlsplit(server.address["files"])
        part = b'--b\r\nContent-Disposition: form-data; name="half"; filename="half"\r\n\r\n' + b"x" * 10_000
        head = (
            f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        incoming = server.folder / "files" / "incoming"
        with socket.create_connection((place.hostname or "", place.port or 0)) as connection:
            connection.sendall(head.encode() + part)
            wait_until(lambda: any(incoming.iterdir()))
        wait_until(lambda: not any(incoming.iterdir()))
        assert server.http.get(f"{server.address['files']}/half").status_code == 404

    def test_uploads_of_one_path_at_the_same_time_leave_one_of_them_whole(self, server: ServerProcess) -> None:
        contents = [bytes([65 + i]) * 200_000 for i in range(4)]
        threads = [
            threading.Thread(target=requests.post, args=(server.address["files"],),
                             kwargs={"files": {"race": one}, "headers": dict(server.http.headers)})
            for one in contents
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.http.get(f"{server.address['files']}/race").content in contents

    def test_an_endless_head_of_a_part_is_refused(self, server: ServerProcess) -> None:
        def body() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n'
            for number in range(100_000):
                yield f"X-{number}: x\r\n".encode() * 100

        headers = {"Content-Type": f"{FORM}; boundary=b"}
        with contextlib.suppress(requests.ConnectionError):  # it is not obliged to listen to the end
            answer = server.http.post(server.address["files"], data=itertools.islice(body(), 1000), headers=headers)
            assert answer.status_code == 400


class TestSize:
    """A port that takes 100 KiB."""

    LIMIT = 100 << 10

    @pytest.fixture
    def port(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, requests.Session]]:
        monkeypatch.setattr(file_server, "_LARGEST_FRAME", 1 << 10)
        opened, database = application.open_store(tmp_path)
        opened.files.size_limit = self.LIMIT
        configuration = uvicorn.Config(
            file_server.file_application(opened),
            port=0,
            http=Connection,
            ws="none",
            lifespan="off",
            log_level="critical",
        )
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run)
        thread.start()
        wait_until(lambda: server.started)
        with requests.Session() as client:
            client.headers["Authorization"] = f"Bearer {opened.accounts.issue_token(self.owner(opened))}"
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", client
        server.should_exit = True
        thread.join()
        database.close()

    @staticmethod
    def owner(opened: Store) -> Identity:
        owner = opened.accounts.identity(opened.accounts.users()[0]["id"])
        assert owner
        return owner

    def test_what_fits_is_taken_to_the_last_byte(self, port: tuple[str, requests.Session]) -> None:
        url, client = port
        assert client.post(url, files={"fits": bytes(self.LIMIT)}).json() == ["fits"]
        assert client.get(f"{url}/fits").content == bytes(self.LIMIT)

    @pytest.mark.parametrize("more", [1, 10 << 20])
    @pytest.mark.parametrize("parts", [1, 3])
    @pytest.mark.parametrize("is_announced", [True, False])
    def test_what_does_not_fit_is_refused_in_words_and_leaves_nothing(
        self, port: tuple[str, requests.Session], tmp_path: Path, more: int, parts: int, is_announced: bool
    ) -> None:
        url, client = port
        share = (self.LIMIT + more) // parts + 1
        frame = b'--b\r\nContent-Disposition: form-data; name="n%d"; filename="n"\r\n\r\n'
        body = b"".join(frame % number + bytes(share) + b"\r\n" for number in range(parts)) + b"--b--\r\n"
        headers = {"Content-Type": f"{FORM}; boundary=b"}
        answer = client.post(url, data=body if is_announced else iter([body]), headers=headers)
        assert answer.status_code == 413
        assert answer.text == f"An upload may be {self.LIMIT} bytes at most"
        assert [one for one in (tmp_path / "files").rglob("*") if one.is_file()] == []
        assert client.post(url, files={"after": b"x"}).json() == ["after"]
