"""The file server: uploads, downloads, and paths that must not lead out of it."""

from __future__ import annotations

import os

from tests.conformance.expectations import check, equal
from tests.conformance.server import unique


def case_file_roundtrip(s):
    path = f"{unique('dir')}/sub dir/note.txt"
    equal(s.upload(path, b"hello world").json(), [path], "answer to the upload")
    url = "/" + path.replace(" ", "%20")
    got = s.file("GET", url)
    equal((got.status_code, got.content), (200, b"hello world"), "download")
    head = s.file("HEAD", url)
    equal((head.status_code, head.headers["Content-Length"], head.content), (200, "11", b""), "HEAD")
    equal(s.file("DELETE", url).status_code, 200, "HTTP status of DELETE")
    equal(s.file("GET", url).status_code, 404, "HTTP status after deletion")
    equal(s.file("DELETE", url).status_code, 404, "HTTP status of a second DELETE")


def case_file_range(s):
    path = f"{unique('dir')}/digits.bin"
    s.upload(path, b"0123456789")
    got = s.file("GET", f"/{path}", headers={"Range": "bytes=2-5"})
    equal((got.status_code, got.content, got.headers["Content-Range"]), (206, b"2345", "bytes 2-5/10"), "range")
    equal(
        s.file("GET", f"/{path}", headers={"Range": "bytes=50-"}).status_code,
        416,
        "HTTP status of a range behind the end",
    )


def case_file_needs_a_token(s):
    path = f"{unique('dir')}/secret.txt"
    s.upload(path, b"secret")
    for method in ("GET", "HEAD", "DELETE"):
        equal(s.anonymous_file(method, f"/{path}").status_code, 401, f"HTTP status of {method} without a token")
    equal(
        s.anonymous_file("POST", "/", files={path: ("x", b"x")}).status_code, 401, "HTTP status of POST without a token"
    )
    bad = {"Authorization": "Bearer bad"}
    equal(s.anonymous_file("GET", f"/{path}", headers=bad).status_code, 401, "HTTP status with a bad token")
    equal(s.file("GET", f"/{path}").content, b"secret", "content afterwards")


def case_file_path_traversal_is_refused(s):
    name = unique("escape")
    answer = s.file("POST", "/", files={f"../../{name}.txt": ("x", b"x")})
    check(400 <= answer.status_code < 500, f"an upload outside the root is answered {answer.status_code}")
    for path in ("/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2f..%2fetc/passwd", "//etc/passwd"):
        check(400 <= s.file("GET", path).status_code < 500, f"GET {path} is not refused")


def case_file_of_30_mb(s):
    path, content = f"{unique('dir')}/big.bin", os.urandom(30 << 20)
    s.upload(path, content)
    got = s.file("GET", f"/{path}")
    equal(got.headers["Content-Length"], str(len(content)), "Content-Length")
    check(got.content == content, "the downloaded content differs")
