"""The ways in which a run ends without a result."""


class BadInput(Exception):
    """Bad input, told in one line: what is wrong, where, and what to type instead.

    The command line prints the message without a traceback and exits with code 2; a task that meets it ends
    ``failed`` with the message as its reason.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class RunFailed(Exception):
    """A run ended without a model and nobody's input is to blame; the message says why, exit code 1."""


class StoppedEarly(Exception):
    """A person stopped the run before there was anything to keep."""
