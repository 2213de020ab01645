"""Whether a worker fits: it must compute what the driver would."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import metadata

from config.errors import BadInput

#: libraries whose versions decide what an estimator is and what it scores
LIBRARIES = ("numpy", "pandas", "scikit-learn", "xgboost", "lightgbm", "tpot", "skrub")
#: less than the libraries take; a worker with 1 KiB has been seen
LEAST_MEMORY_MB = 256

_MEGABYTE = 1 << 20


def installed() -> dict[str, str]:
    """Version of Python (major and minor) and of each library in this process's environment."""
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = "none"
    return found


def check_memory(name: str, memory_limit: int | None) -> None:
    """Refuses a worker that cannot even hold the libraries.

    Args:
        name: of the worker, for the message.
        memory_limit: the worker's, in bytes; None or 0 for none.

    Raises:
        BadInput: how to start it instead.
    """
    if memory_limit and memory_limit < LEAST_MEMORY_MB * _MEGABYTE:
        raise BadInput(
            f"worker {name} has a memory limit of {memory_limit} bytes; "
            f"start it with at least --memory-limit {LEAST_MEMORY_MB}MiB"
        )


def check_versions(name: str, versions: Mapping[str, str]) -> None:
    """Refuses a worker whose results would not be the driver's.

    Args:
        name: of the worker, for the message.
        versions: what `installed` says there.

    Raises:
        BadInput: what is different, and how to start it instead.
    """
    ours = installed()
    different = [
        f"{library} {versions.get(library, 'none')} there, {version} here"
        for library, version in ours.items()
        if versions.get(library, "none") != version
    ]
    if different:
        raise BadInput(f"worker {name} has other versions: {'; '.join(different)}; start it in the same environment")
