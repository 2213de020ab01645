"""A scenario in a process of its own: in an empty folder, with an empty cache and the server's addresses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.conformance import scenarios

ROOT = Path(__file__).parents[2]
TIMEOUT = 240  # seconds a scenario
AT_ONCE = 3  # scenarios mostly wait for the SDK's own timers
_REASON = "REASON "

#: With the SDK's own defaults the end of a task waits some ten seconds for a process that reports for it; a thread
#: that does so sends the very same requests.
QUICK = "sdk { development { report_use_subprocess: false } }\n"


@dataclass(frozen=True)
class Addresses:
    """Where a server answers, and a key pair for it."""

    api: str
    files: str
    web: str
    key: str
    secret: str


def run(name: str, addresses: Addresses, configuration: str = "") -> str | None:
    """The reason, in one line, why a scenario does not hold, or None.

    Args:
        name: as in `scenarios.load`.
        addresses: of the server.
        configuration: what the SDK finds in its ``clearml.conf``.
    """
    with tempfile.TemporaryDirectory(prefix="scenario-", ignore_cleanup_errors=True) as folder:
        environment = _environment(Path(folder), addresses)
        Path(environment["CLEARML_CONFIG_FILE"]).write_text(configuration, encoding="utf-8")
        work = Path(folder, "work")
        work.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.scenario_process", name], cwd=work, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        with process:
            try:
                output, _ = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return f"not done after {TIMEOUT} s"
    if process.returncode == 0:
        return None
    reasons = [line.removeprefix(_REASON) for line in output.splitlines() if line.startswith(_REASON)]
    return reasons[-1] if reasons else f"exit status {process.returncode}: {output.strip()[-300:]!r}"


def run_all(addresses: Addresses, only: str = "") -> Iterator[tuple[str, str | None, float]]:
    """Runs the scenarios whose names contain a word, with the SDK's own defaults; name, reason and seconds of each."""

    def timed(name: str) -> tuple[str, str | None, float]:
        start = time.monotonic()
        reason = run(name, addresses)
        return name, reason, time.monotonic() - start

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(timed, [name for name in scenarios.load() if only in name])


def _environment(folder: Path, addresses: Addresses) -> dict[str, str]:
    """This process's environment, but of everything that is ClearML's only what is given here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLEARML", "TRAINS"))}
    return {
        **kept,
        "CLEARML_API_HOST": addresses.api,
        "CLEARML_FILES_HOST": addresses.files,
        "CLEARML_WEB_HOST": addresses.web,
        "CLEARML_API_ACCESS_KEY": addresses.key,
        "CLEARML_API_SECRET_KEY": addresses.secret,
        "CLEARML_CONFIG_FILE": str(folder / "clearml.conf"),
        "CLEARML_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "MPLBACKEND": "Agg",
    }


def main() -> None:
    """Runs the one scenario that the command line names."""
    try:
        scenarios.load()[sys.argv[1]]()
    except BaseException as error:
        traceback.print_exc()
        print(_REASON + f"{type(error).__name__}: {error}".replace("\n", " ")[:500], flush=True)
        os._exit(1)  # without the SDK's exit hooks, which may wait


if __name__ == "__main__":
    main()
