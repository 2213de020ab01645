"""Nothing is unpickled before it was seen to be what somebody with the key has published."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from config.errors import BadInput
from models.download import download
from models.gate.marks import note
from models.loading import artifact_bytes, evidence, load, model_file, split_of
from models.signature import ENVIRONMENT
from tests.models.shelf import LAST_HALF, Shelf, found, people, split

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]


@pytest.fixture(scope="module")
def shelf(clearml_server) -> Shelf:
    return Shelf(clearml_server.files)


@pytest.fixture(scope="module")
def model(shelf):
    return shelf.put(shelf.new_name())


class Trap:
    """Pickled, it is code that runs when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def stored_file(stack, uri: str) -> Path:
    """Where the embedded file server keeps what an address names."""
    inside = unquote(urlsplit(uri).path).lstrip("/")
    (path,) = [path for path in stack.home.rglob(Path(inside).name) if str(path).endswith(inside)]
    return path


def test_a_model_that_was_published_here_loads_and_predicts(model):
    rows = people(seed=1).drop(columns="target")
    assert set(load(model).predict(rows)) == {"no", "yes"}


def test_its_evidence_comes_with_it(model):
    table = people()
    rows, parts = evidence(model), split_of(model)
    assert rows.X.equals(table[LAST_HALF].drop(columns="target").reset_index(drop=True))
    assert rows.y.tolist() == table["target"][LAST_HALF].tolist()
    assert (parts.hashes == split(table, LAST_HALF).hashes).all()
    with pytest.raises(BadInput, match="comes from a task without the artifact 'training_profile'"):
        artifact_bytes(model, "training_profile")


def test_a_tampered_file_is_refused_and_never_unpickled_whatever_is_trusted(shelf, stack, tmp_path):
    model = shelf.put(shelf.new_name())
    path = stored_file(stack, model.uri)
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    assert path.is_file()
    path.write_bytes(trap)
    with pytest.raises(BadInput, match=r"was changed after it was published: it has \d+ bytes instead of"):
        load(model, trust_unsigned=True)
    path.write_bytes(trap.ljust(model.size_bytes, b" "))
    with pytest.raises(BadInput, match="its SHA-256 is not the one in the registry"):
        load(model, trust_unsigned=True)
    assert not (tmp_path / "sprung").exists()


def test_a_file_whose_checksum_was_swapped_along_with_it_has_no_valid_signature(shelf, stack, tmp_path):
    import hashlib

    model = shelf.put(shelf.new_name())
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    stored_file(stack, model.uri).write_bytes(trap)
    note(model.id, {"sha256": hashlib.sha256(trap).hexdigest(), "size_bytes": len(trap)})
    with pytest.raises(BadInput, match="has a signature that does not belong to its file"):
        load(found(model.id))
    assert not (tmp_path / "sprung").exists()


def test_an_unsigned_model_and_one_of_a_foreign_key_load_only_by_the_flag(shelf, model, tmp_path, caplog):
    unsigned = replace(model, metadata={key: value for key, value in model.metadata.items() if key != "signature"})
    foreign = shelf.put(shelf.new_name(), signing_home=tmp_path)
    for stranger, problem in ((unsigned, "has no signature"), (foreign, "was signed with another key")):
        with pytest.raises(BadInput, match=problem) as refused:
            load(stranger)
        assert "--trust-unsigned" in str(refused.value)
        assert ENVIRONMENT in str(refused.value)
        assert "\n" not in str(refused.value)
        assert hasattr(load(stranger, trust_unsigned=True), "predict")
        assert problem in caplog.text
    assert hasattr(load(foreign, home=tmp_path), "predict")  # the key that signed it


def test_where_no_key_can_be_kept_only_the_flag_loads(model, tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    below_a_file = tmp_path / "file"
    below_a_file.touch()
    with pytest.raises(BadInput, match="the key that signs models, .*, cannot be used"):
        load(model, home=below_a_file)
    assert hasattr(load(model, home=below_a_file, trust_unsigned=True), "predict")


def test_what_names_no_checksum_was_not_published_here(model):
    with pytest.raises(BadInput, match="has no checksum in the registry: this project did not publish it"):
        model_file(replace(model, metadata={}))


def test_a_file_that_is_gone_and_a_task_that_is_gone_are_told_in_one_line(model):
    with pytest.raises(BadInput, match="cannot be fetched"):
        model_file(replace(model, uri=model.uri.replace("model.joblib", "gone.joblib")))
    with pytest.raises(BadInput, match="no address is known"):
        model_file(replace(model, uri=""))
    with pytest.raises(BadInput, match="which is gone"):
        evidence(replace(model, task_id="0" * 32))
    with pytest.raises(BadInput, match="was made by no task"):
        evidence(replace(model, task_id=""))


def test_a_download_is_whole_or_not_there(model, tmp_path):
    import json

    path = download(model, tmp_path / "new" / "folder")
    assert path.read_bytes() == model_file(model)
    facts = json.loads((path.parent / "model.json").read_text())
    assert (facts["id"], facts["input_schema"]["columns"][0]["name"]) == (model.id, "clear")
    assert sorted(each.name for each in path.parent.iterdir()) == ["model.joblib", "model.json"]
    with pytest.raises(BadInput, match="exists; name another folder"):
        download(model, path.parent)
    with pytest.raises(BadInput, match="cannot be written: .*; name another folder"):
        download(model, path / "below a file")
    unsigned = replace(model, metadata={**model.metadata, "signature": ""})
    with pytest.raises(BadInput, match="has no signature"):
        download(unsigned, tmp_path / "unsigned")
    assert not (tmp_path / "unsigned").exists()
