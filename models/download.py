"""A model of the registry as files in a folder, checked first."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from config.errors import BadInput
from models.catalog import RegistryModel
from models.loading import verified_file
from models.registry import FILE_NAME

#: what the registry knows of the model
FACTS_FILE = "model.json"


def download(model: RegistryModel, folder: Path, *, trust_unsigned: bool = False) -> Path:
    """Puts a model's file and what is known of it into a folder, both or neither.

    Args:
        model: of the registry.
        folder: where to; made where it is missing.
        trust_unsigned: whether also a file that nobody here signed.

    Returns:
        The model's file.

    Raises:
        BadInput: the file was tampered with or is not signed, or the folder holds a model or cannot be written.
    """
    target = folder / FILE_NAME
    if target.exists():
        raise BadInput(f"{target} exists; name another folder, or remove it first")
    content = verified_file(model, trust_unsigned=trust_unsigned)
    facts = json.dumps(model.as_json(is_whole=True), indent=1, ensure_ascii=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".download-", dir=folder))
    except OSError as error:
        raise BadInput(f"{folder} cannot be written: {error.strerror}; name another folder") from None
    try:
        (draft / FACTS_FILE).write_text(facts, encoding="utf-8")
        (draft / FILE_NAME).write_bytes(content)
        os.replace(draft / FACTS_FILE, folder / FACTS_FILE)
        os.replace(draft / FILE_NAME, target)  # the last: where it is, all is
    except OSError as error:
        raise BadInput(f"{folder} cannot be written: {error.strerror}; name another folder") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target
