"""What runs beside the server and its pages may ask. The server does without; whoever starts it names them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

#: the command-line options that name them
COMMAND_OPTION, POOL_OPTION = "--experiment-command", "--pool-file"


@dataclass(frozen=True)
class Neighbours:
    """The neighbours of one server."""

    #: words of the command that makes experiments out of tables, see `embedded_server.web.experiment_command`
    experiment_command: tuple[str, ...] = ()
    #: the scheduler file of the Dask pool on this machine, which need not exist yet
    pool_file: Path | None = None


NO_NEIGHBOURS = Neighbours()


def command_words(text: str) -> tuple[str, ...]:
    """The words of a command that an option holds as a JSON list.

    Raises:
        ValueError: it is no such list.
    """
    try:
        words = json.loads(text)
    except ValueError:
        words = None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise ValueError(f'{text!r} is no command; type a JSON list of words such as ["python", "make.py"]')
    return tuple(words)
