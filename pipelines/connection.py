"""Which ClearML server the commands talk to, and how its address and keys reach other processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests

from config.errors import BadInput
from pipelines.checkout import ROOT
from pipelines.processes import make_folder, write_atomically

TEMPLATE = ROOT / "clearml" / "clearml.conf"
ANSWER_WITHIN = 5.0  # seconds that a server has for its first answer


@dataclass(frozen=True)
class Connection:
    """Address and keys of a ClearML server."""

    api: str
    web: str
    files: str
    access_key: str
    secret_key: str = field(repr=False)
    #: folder of the stack
    home: Path
    #: the person's own configuration file, which the stack's includes; None where there is none
    own_config: Path | None = None

    @property
    def config_file(self) -> Path:
        """The configuration file that SDK and agent read; `write` makes it."""
        return written_config(self.home)

    def environment(self) -> dict[str, str]:
        """The variables that point any ClearML tool at the server."""
        return {
            "CLEARML_API_HOST": self.api,
            "CLEARML_WEB_HOST": self.web,
            "CLEARML_FILES_HOST": self.files,
            "CLEARML_API_ACCESS_KEY": self.access_key,
            "CLEARML_API_SECRET_KEY": self.secret_key,
            "CLEARML_CONFIG_FILE": str(self.config_file),
        }

    def write(self) -> None:
        """Writes the configuration file; once the server was seen to answer, since running processes read it, too.

        Raises:
            BadInput: the folder cannot be written.
        """
        words = {
            "include": f'include "{self.own_config}"' if self.own_config else "",
            "home": str(self.home),
            "api": self.api,
            "web": self.web,
            "files": self.files,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }
        make_folder(self.home)
        write_atomically(self.config_file, _filled(TEMPLATE.read_text(encoding="utf-8"), words), mode=0o600)

    def apply(self) -> None:
        """Points this process's SDK at the server; before ``clearml`` is imported."""
        self.write()
        os.environ.update(self.environment())

    def check(self) -> None:
        """Logs in once.

        Raises:
            BadInput: no answer within `ANSWER_WITHIN` seconds, or the key pair is refused.
        """
        try:
            answer = requests.post(
                f"{self.api}/auth.login", auth=(self.access_key, self.secret_key), timeout=ANSWER_WITHIN
            )
        except requests.RequestException as error:
            raise BadInput(
                f"the ClearML server {self.api} does not answer ({type(error).__name__}); check CLEARML_API_HOST"
                " or clearml.conf, or unset both to use the embedded server"
            ) from None
        if answer.status_code == 401:
            raise BadInput(
                f"the ClearML server {self.api} refuses the access key {self.access_key!r}; check"
                " CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY or clearml.conf"
            )
        if answer.status_code != 200:
            raise BadInput(
                f"{self.api} answers HTTP {answer.status_code} to auth.login; is CLEARML_API_HOST"
                " the API address of a ClearML server (port 8008 by default)?"
            )


def is_configured(home: Path) -> bool:
    """Whether the person named a ClearML server, by environment or clearml.conf.

    Args:
        home: the stack's folder; its own configuration file, which ``server env`` exports, names the embedded server.
    """
    if os.environ.get("CLEARML_CONFIG_FILE") == str(written_config(home)):
        return False
    return bool(os.environ.get("CLEARML_API_HOST")) or _own_config() is not None


def configured_connection(home: Path) -> Connection:
    """The connection to the server that the person named.

    Raises:
        BadInput: an address or a key is missing.
    """
    config = _own_config()
    values = _read_config(config) if config else {}
    api = os.environ.get("CLEARML_API_HOST") or values.get("api_server", "")
    pair = {
        name: os.environ.get(f"CLEARML_API_{name.upper()}") or values.get(f"credentials.{name}", "")
        for name in ("access_key", "secret_key")
    }
    web = os.environ.get("CLEARML_WEB_HOST") or values.get("web_server", "")
    files = os.environ.get("CLEARML_FILES_HOST") or values.get("files_server", "")
    named = {
        "CLEARML_API_HOST": api, "CLEARML_WEB_HOST": web, "CLEARML_FILES_HOST": files,
        "CLEARML_API_ACCESS_KEY": pair["access_key"], "CLEARML_API_SECRET_KEY": pair["secret_key"],
    }  # fmt: skip
    missing = [name for name, value in named.items() if not value]
    if missing:
        raise BadInput(
            f"a ClearML server is configured, but not {', '.join(missing)}; export them or run 'clearml-init',"
            " or unset CLEARML_API_HOST to use the embedded server"
        )
    api, web, files = (url.rstrip("/") for url in (api, web, files))
    return Connection(api, web, files, pair["access_key"], pair["secret_key"], home, config)


def written_config(home: Path) -> Path:
    """Where the stack keeps the configuration file that it writes."""
    return home / "clearml.conf"


def _filled(template: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        template = template.replace(f"@{word}@", value)
    return template


def _own_config() -> Path | None:
    """The person's clearml.conf, where it names a server."""
    path = Path(os.environ.get("CLEARML_CONFIG_FILE") or "~/clearml.conf").expanduser()
    return path if path.is_file() and _read_config(path).get("api_server") else None


def _read_config(path: Path) -> dict[str, str]:
    from clearml_agent.external.pyhocon import ConfigFactory  # the SDK's copy would load the configuration

    try:
        tree = ConfigFactory.parse_file(str(path))
    except Exception as error:  # the parser raises what it likes
        raise BadInput(
            f"{path} is not a ClearML configuration file ({type(error).__name__}); see 'clearml-init'"
        ) from None
    keys = ("api_server", "web_server", "files_server", "credentials.access_key", "credentials.secret_key")
    return {key: str(tree.get(f"api.{key}", "") or "") for key in keys}
