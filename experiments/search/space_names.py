"""What the setting ``search_space`` may say, known without importing TPOT, which takes seconds."""

from __future__ import annotations

import ast
import difflib
import json
from pathlib import Path
from typing import Any

from config.errors import BadInput

NAMES = ("linear", "linear-light", "graph", "graph-light")
#: how much of inline JSON an error repeats
SHOWN = 40
#: what a Python file must define
DEFINED = "search_space"
#: the configuration of a task that holds such a file
SEARCH_SPACE = "search_space.py"


def check_space_name(name: str) -> None:
    """Refuses a search space that cannot be read; what is in it is looked at when it is built for a problem.

    Args:
        name: one of `NAMES`, a TPOT 0.x config_dict as JSON or the path of its .json file, or the path of a .py file.

    Raises:
        BadInput: with what is wrong and where; for an unknown name with the nearest one and all names.
    """
    if name in NAMES:
        return
    if is_python_file(name):
        _check_python(name)
    elif is_config_dict(name):
        read_config_dict(name)
    else:
        near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise BadInput(
            f"search space {name} does not exist{hint} (there are {', '.join(NAMES)}, a config_dict as JSON or a .json "
            f"file, or a .py file that defines {DEFINED})"
        )


def is_config_dict(search_space: str) -> bool:
    """Whether it is a config_dict, inline or in a file."""
    return search_space.lstrip()[:1] in ("{", "[") or search_space.endswith(".json")


def is_python_file(search_space: str) -> bool:
    """Whether it is the path of a Python file."""
    return search_space.endswith(".py")


def read_config_dict(search_space: str) -> dict[str, Any]:
    """The config_dict that a setting holds or names.

    Raises:
        BadInput: no such file, broken JSON, or JSON of something else.
    """
    where = f"search space {search_space}"
    if search_space.endswith(".json"):
        text = _existing(search_space)
    else:
        text = search_space
        where = f"search space {text.strip()[:SHOWN]}{'...' if len(text.strip()) > SHOWN else ''}"
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{where} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    if not isinstance(config, dict):
        raise BadInput(f"{where} must be an object such as {_EXAMPLE}, not a {type(config).__name__}")
    if not config:
        raise BadInput(f"{where} is empty; name at least one predictor, as in {_EXAMPLE}")
    return config


def inlined(search_space: str) -> str:
    """The same search space as a setting that travels with a task: a .json file becomes its text, in one line.

    Raises:
        BadInput: the file is missing or holds no config_dict.
    """
    if not search_space.endswith(".json"):
        return search_space
    return json.dumps(read_config_dict(search_space), ensure_ascii=False)


def space_label(search_space: str) -> str:
    """A few words for titles and names."""
    if search_space in NAMES:
        return search_space
    if search_space.endswith((".json", ".py")):
        return Path(search_space).stem
    return "config_dict"


_EXAMPLE = '{"sklearn.naive_bayes.GaussianNB": {}}'


def _existing(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"search space {path} does not exist; there is no such file in {Path.cwd()}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadInput(f"search space {path} cannot be read: {reason}") from None


def _check_python(path: str) -> None:
    try:
        tree = ast.parse(_existing(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise BadInput(f"{path}, line {line}: {getattr(error, 'msg', error)}") from None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    if not names & {DEFINED, "*"}:
        raise BadInput(f"{path} does not define {DEFINED}; add a line such as {DEFINED} = ChoicePipeline([...])")
