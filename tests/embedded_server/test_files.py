"""The files port."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from embedded_server.errors import ApiError
from embedded_server.files import FileStore
from tests.embedded_server.server_process import ServerProcess, wait_until

FORM = "multipart/form-data"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("files") / "data")
    yield server
    server.stop()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", size_limit=100)


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
        ["", "/", ".", "..", "../x", "a/../../x", "a/..", "%2e%2e/x", "..%2fx", "a%00b", "a\0b", "..\\x", "a\nb",
         "n" * 256, "n/" * 2000],
    )  # fmt: skip
    def test_a_path_that_leads_elsewhere_is_refused(self, store: FileStore, path: str) -> None:
        with pytest.raises(ApiError) as refused:
            put(store, path)
        assert refused.value.code == 400
        assert store.find(path) is None
        assert not store.delete(path)

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
        ["/../server.json", "/%2e%2e/%2e%2e/server.json", "/..%2f..%2fserver.json", "/%252e%252e/x", "//etc/passwd",
         "/..%5c..%5cserver.json", "/%00", "/" + "a" * 5000, "/content/../../../server.json"],
    )  # fmt: skip
    def test_no_path_leads_out(self, server: ServerProcess, path: str) -> None:
        place = urlsplit(server.address["files"])
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as connection:
            lines = (f"GET {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {server.token}", "Connection: close")
            connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
            status = connection.makefile("rb").readline().split()[1]
        assert status in (b"404", b"400")

    @pytest.mark.parametrize("name", ["page.html", "picture.svg", "script.js", "nothing"])
    def test_no_file_runs_in_a_browser(self, server: ServerProcess, name: str) -> None:
        upload(server, **{name: b"<script>alert(1)</script>"})
        headers = server.http.get(f"{server.address['files']}/{name}").headers
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"

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
