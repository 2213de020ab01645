"""Environments of the contenders: each its own, made once in a cache folder from a file of pinned versions."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(__file__).parent
#: written last: a folder without it was interrupted, and is made anew
READY = ".ready"


def default_cache() -> Path:
    """Where environments are kept when nobody says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "clearml-automl" / "benchmarks"


def python_of(contender_script: Path, cache: Path) -> Path:
    """The interpreter that a contender's script runs with.

    Args:
        contender_script: a file of pinned versions beside it, of the same name, asks for an environment of its own;
            without one it runs where this process runs.
        cache: folder of the environments.

    Raises:
        subprocess.CalledProcessError: it cannot be installed; the installer has said why.
    """
    requirements = contender_script.with_suffix(".txt")
    if not requirements.exists():
        return Path(sys.executable)
    folder = _folder(cache, requirements)
    python = folder / "bin" / "python"
    if not (folder / READY).exists():
        _begin(folder, requirements)
        venv.create(folder, with_pip=True)
        _install(requirements, python, ["--python", str(python)], [])
        (folder / READY).touch()
    return python


def unpacked(requirements: Path, cache: Path) -> Path:
    """A folder with the content of some packages, without what they depend on: to read files from."""
    folder = _folder(cache, requirements)
    if not (folder / READY).exists():
        _begin(folder, requirements)
        target = ["--target", str(folder)]
        _install(requirements, Path(sys.executable), ["--python", sys.executable, *target], target)
        (folder / READY).touch()
    return folder


def _folder(cache: Path, requirements: Path) -> Path:
    # other pins or another Python are another environment; what results say of the old one stays true
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:8]
    return cache / f"{requirements.stem}-{sys.version_info.major}.{sys.version_info.minor}-{digest}"


def _begin(folder: Path, requirements: Path) -> None:
    print(f"installing {requirements.stem} into {folder} (once) ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)


def _install(requirements: Path, python: Path, uv_options: list[str], pip_options: list[str]) -> None:
    """Installs by uv where it is at hand, else by pip; compiled, or each start would pay for it again."""
    beside = str(Path(sys.executable).parent)
    uv = shutil.which("uv") or shutil.which("uv", path=beside)
    # the files are complete, and what they leave out is not wanted: 469 MB of CUDA that a CPU run never loads
    pinned = ["--no-deps", "--requirement", str(requirements)]
    if uv:
        command = [uv, "pip", "install", "--quiet", *uv_options, "--compile-bytecode", *pinned]
    else:
        command = [str(python), "-m", "pip", "install", "--quiet", *pip_options, "--compile", *pinned]
    subprocess.run(command, check=True, stdout=sys.stderr)
