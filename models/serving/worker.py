"""A prediction worker: a process that holds one model and answers one batch after the other.

It is forked by the nursery, talks to the front process over one socket, and ends when the other end is gone.
"""

from __future__ import annotations

import gc
import logging
import os
import socket
import warnings

from models.serving.messages import Failed, Ready, packed, receive
from models.serving.model_folder import ModelFolder

log = logging.getLogger(__name__)


def serve(connection: socket.socket, folder: ModelFolder) -> None:
    """Loads and warms a model, says so, and answers until the other end hangs up.

    Args:
        connection: to the front process.
        folder: of the model.
    """
    warnings.simplefilter("ignore")  # of libraries, about versions: they were said when the model was judged
    try:
        from models.serving.answering import Answering

        answering = Answering(folder)
    except Exception as error:  # of any kind: it depends on what the file holds
        connection.sendall(packed(Failed(_one_line(error))))
        return
    gc.collect()
    gc.freeze()  # what is loaded stays: no collection need look at it again
    connection.sendall(packed(Ready(os.getpid(), answering.facts)))
    while True:
        try:
            questions, is_observed = receive(connection)
        except (EOFError, ConnectionError):
            return
        connection.sendall(packed(answering.answer(questions, is_observed)))


def _one_line(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"it needs the module {error.name!r}, which is not installed here"
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]
