"""What a person may choose about a service."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8090


def default_workers() -> int:
    """Prediction workers by default: one for each processor, 2 at least, 8 at most."""
    return max(2, min(8, os.cpu_count() or 1))


@dataclass(frozen=True)
class ServiceOptions:
    """How a service runs."""

    host: str = "127.0.0.1"
    #: 0 for a free one
    port: int = DEFAULT_PORT
    #: prediction workers, each a process that holds the model
    workers: int = 2
    #: API keys that are let in; empty where none is asked for
    keys: frozenset[str] = frozenset()
    #: bytes that the body of a request may have
    maximum_body: int = 16 << 20
    #: seconds from a request's headers to its answer
    timeout: float = 30.0
    #: seconds between two looks at the registry
    poll_seconds: float = 3.0
    #: whether to load models that nobody signed, or somebody with another key
    trust_unsigned: bool = False
    #: folder of the key that checks signatures; ``AUTOML_HOME`` where None
    home: Path | None = None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a service that listens on this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
