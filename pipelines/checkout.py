"""What a task says of its code: repository, commit, uncommitted changes and pinned requirements."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).parent.parent
ENTRY_POINT = "experiments/run.py"
REQUIREMENTS = ROOT / "requirements.lock"


def script_section() -> dict[str, object]:
    """The ``script`` section of a task that runs this checkout.

    Where the checkout has a git remote, another machine's agent can clone the commit, apply the changes and install
    the pinned requirements. Without a remote only an agent that runs this very checkout can execute the task.
    """
    script: dict[str, object] = {
        "binary": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "entry_point": ENTRY_POINT,
        "working_dir": ".",
        "requirements": {"pip": REQUIREMENTS.read_text(encoding="utf-8")},
    }
    remote = _git("remote", "get-url", "origin") or _git("remote", "get-url", _git("remote").split("\n")[0])
    if remote:
        script["repository"] = without_password(remote)
        script["version_num"] = _git("rev-parse", "HEAD")
        script["branch"] = _git("rev-parse", "--abbrev-ref", "HEAD")
        script["diff"] = _git("diff", "HEAD", strip=False)
    return script


def without_password(url: str) -> str:
    """A repository's address without a user's name and password, which do not belong into a task."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _git(*arguments: str, strip: bool = True) -> str:
    """Output of a git command in the checkout; empty where it fails or git is not there."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=30, check=False
        )
    except OSError:
        return ""
    return (answer.stdout.strip() if strip else answer.stdout) if answer.returncode == 0 else ""
