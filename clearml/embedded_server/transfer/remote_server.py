"""A ClearML server, whichever it is, over HTTP."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from embedded_server.storage.checksums import CHUNK

ANSWER_WITHIN = 60.0  # seconds
_DUPLICATE = 801


class RefusedError(Exception):
    """The server refuses a call, or does not answer; its text is one line."""

    def __init__(self, text: str, subcode: int = 0) -> None:
        super().__init__(text)
        self.subcode = subcode


class RemoteServer:
    """Calls actions of a server and gives it files, as its SDK does.

    Args:
        api: address of the API, such as ``https://api.clearml.example``.
        files: address of the file server.
        access_key: of a key pair.
        secret_key: of the same pair.

    Raises:
        RefusedError: there is no such server, or it does not know the key pair.
    """

    def __init__(self, api: str, files: str, access_key: str, secret_key: str) -> None:
        self.api, self.files = api.rstrip("/"), files.rstrip("/")
        self._http = requests.Session()
        self._http.auth = (access_key, secret_key)
        token = self.call("auth.login")["token"]
        self._http.auth = None
        self._http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> RemoteServer:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def call(self, endpoint: str, **request: Any) -> dict[str, Any]:
        """What the server answers.

        Raises:
            RefusedError: it refuses, or does not answer.
        """
        return self._post(f"{self.api}/{endpoint}", endpoint, json=request)

    def report(self, events: Iterable[dict[str, Any]]) -> None:
        """Adds events, of which there must be one at least.

        Raises:
            RefusedError: a single one was refused.
        """
        body = "\n".join(map(json.dumps, events)).encode()
        answer = self._post(
            f"{self.api}/events.add_batch", "events.add_batch", data=body,
            headers={"Content-Type": "application/json-lines"},
        )  # fmt: skip
        if answer.get("errors"):
            raise RefusedError(f"{self.api} refuses events ({answer.get('errors_info')})")

    def upload(self, path: str, content: Path | bytes) -> str:
        """Puts a file under a path of the file server; its address."""
        body = _Upload(path, content)
        headers = {"Content-Type": f"multipart/form-data; boundary={body.boundary}"}
        try:
            answer = self._http.post(self.files, data=body, headers=headers, timeout=ANSWER_WITHIN)
        except requests.RequestException as error:
            raise RefusedError(f"{self.files} does not answer ({type(error).__name__})") from None
        if answer.status_code != 200:
            raise RefusedError(f"{self.files} refuses the file {path!r} (HTTP {answer.status_code})")
        return f"{self.files}/{quote(path)}"

    def project(self, name: str, **fields: Any) -> str:
        """The id of the project of a name, made where it is missing."""
        try:
            return str(self.call("projects.create", name=name, **fields)["id"])
        except RefusedError as error:
            if error.subcode != _DUPLICATE:
                raise
        found = self.call(
            "projects.get_all", search_hidden=True, name=f"^{re.escape(name)}$", only_fields=["id", "name"]
        )
        return str(next(project["id"] for project in found["projects"] if project["name"] == name))

    def _post(self, url: str, endpoint: str, **more: Any) -> dict[str, Any]:
        try:
            answer = self._http.post(url, timeout=ANSWER_WITHIN, **more)
            envelope = answer.json()
            meta = envelope["meta"]
        except requests.RequestException as error:
            raise RefusedError(f"{self.api} does not answer ({type(error).__name__})") from None
        except (ValueError, KeyError, TypeError):
            raise RefusedError(f"{self.api} does not answer as the API of a ClearML server does") from None
        if meta["result_code"] != 200:
            raise RefusedError(f"{self.api} refuses {endpoint}: {meta['result_msg']}", meta.get("result_subcode", 0))
        data: dict[str, Any] = envelope["data"]
        return data


class _Upload:
    """A multipart body with one file, read as it is sent."""

    def __init__(self, path: str, content: Path | bytes) -> None:
        self.boundary = secrets.token_hex(16)
        self._content = content
        name, file_name = (one.replace('"', "%22") for one in (path, path.rsplit("/", 1)[-1]))
        self._head = (
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{self.boundary}--\r\n".encode()

    def __len__(self) -> int:
        size = self._content.stat().st_size if isinstance(self._content, Path) else len(self._content)
        return len(self._head) + size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        if isinstance(self._content, Path):
            with self._content.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        else:
            yield self._content
        yield self._tail
