"""The process that prediction workers are forked from: it has imported what they need, so each starts in an instant.

``python -m models.serving.nursery FD`` reads requests from a socket that it has inherited: a folder's path and, beside
it, the worker's own socket. It answers with the worker's process id. It ends when the other end is gone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_PATH = 4096  # bytes
#: One thread for each worker: there are several of them, and their batches are small.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class NurseryLost(Exception):
    """The nursery has ended."""


class Nursery:
    """The nursery as the front process sees it; a lost one is started again when a worker is wanted."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None

    def start(self) -> None:
        """Starts the process, where it does not run; it is ready a second or two later."""
        if self._process and self._process.poll() is None:
            return
        self.close()
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "models.serving.nursery", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
        )  # fmt: skip
        theirs.close()
        self._connection = ours

    def fork(self, folder: Path, connection: socket.socket) -> int:
        """Starts a worker; blocks until it is forked.

        Args:
            folder: of its model.
            connection: the worker's end of its socket; to be closed here afterwards.

        Returns:
            Its process id.

        Raises:
            NurseryLost: the nursery ended meanwhile.
        """
        self.start()
        assert self._connection is not None
        try:
            socket.send_fds(self._connection, [os.fsencode(folder)], [connection.fileno()])
            answer = self._connection.recv(32)
        except OSError:
            answer = b""
        if not answer:
            raise NurseryLost("the process that starts workers has ended")
        return int(answer)

    def close(self) -> None:
        """Ends the process; its workers go on."""
        if self._connection:
            self._connection.close()
        if self._process:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self._process = self._connection = None


def main(descriptor: int) -> None:
    """Forks workers until the other end is gone."""
    connection = socket.socket(fileno=descriptor)
    # Ctrl-C and a stop of the whole service reach all of its processes: who ends, and when, the front process decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import models.serving.answering  # noqa: F401  what workers need is imported here, once
    from models.serving import worker
    from models.serving.model_folder import ModelFolder

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended workers leave nothing behind
    gc.collect()
    gc.freeze()
    folders: set[bytes] = set()
    while True:
        path, descriptors, _, _ = socket.recv_fds(connection, LONGEST_PATH, 1)
        if not path:
            for left in folders:  # where the front process was killed, it could not remove them itself
                ModelFolder(Path(os.fsdecode(left))).remove()
            return
        folders.add(path)
        process_id = os.fork()
        if process_id == 0:
            code = 1
            try:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                connection.close()
                worker.serve(socket.socket(fileno=descriptors[0]), ModelFolder(Path(os.fsdecode(path))))
                code = 0
            finally:
                os._exit(code)
        os.close(descriptors[0])
        connection.sendall(str(process_id).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
