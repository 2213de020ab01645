"""Files that only their owner may read: keys, and what stands for them."""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_privately(file: Path, content: str) -> None:
    """Writes the whole file or nothing, on the disk when this returns, readable by its owner only at every moment."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mkstemp makes it with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


def close_to_others(file: Path) -> None:
    """Takes a file away from everybody but its owner, where somebody has opened it to others."""
    if stat.S_IMODE(file.stat().st_mode) & _OTHERS:
        log.warning("%s could be read by other users of this machine; only its owner can now", file)
        file.chmod(0o600)
