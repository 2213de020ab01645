"""A fitted pipeline becomes a model in the registry of a real server, through the real SDK."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

from experiments.data.columns import preprocessing
from experiments.data.table import read_table
from models.published import publishable
from models.registry import Published, TableFacts, library_versions, packed, publish
from models.schema import input_schema
from models.signature import signing_key

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]


@pytest.fixture(scope="module")
def table():
    return read_table("penguins")


@pytest.fixture(scope="module")
def fitted(table):
    return publishable(
        preprocessing(table.kinds, table.X, table.task), LogisticRegression(max_iter=5000), table.X, table.y, table.task
    )


@pytest.fixture(scope="module")
def task(clearml_server):
    from clearml import Task

    task = Task.create(project_name="Registry", task_name="publishes a model")
    task.mark_started()
    task.output_uri = clearml_server.files
    yield task
    task.mark_completed()


@pytest.fixture(scope="module")
def facts(table):
    return TableFacts(len(table.y), len(table.X.columns), table.fingerprint, input_schema(table.X, table.kinds))


@pytest.fixture(scope="module")
def published(task, fitted, facts) -> Published:
    return publish(
        task, packed(fitted), name="AutoML/penguins", metric="accuracy", cv_score=0.98, holdout_score=0.97, table=facts,
        task_type="classification", holdout_interval=(0.93, 0.99), inference_ms=12.5, seed=42, target="species",
    )  # fmt: skip


def stored(model_id):
    from clearml import Model

    return Model(model_id)


def test_the_model_is_published_and_the_task_still_runs(published, task):
    model = stored(published.id)
    assert model.published
    assert model.name == published.name == "AutoML/penguins"
    assert model.framework == "ScikitLearn"
    assert sorted(model.tags) == ["challenger", "tpot"]
    assert task.get_status() == "in_progress"
    assert [output.id for output in task.get_models()["output"]] == [published.id]


def test_its_file_is_on_the_file_server_and_answers(published, table, fitted, clearml_server):
    assert published.uri.startswith(clearml_server.files)
    path = stored(published.id).get_local_copy(force_download=True)
    with open(path, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == published.sha256
    assert joblib.load(path).predict(table.X).tolist() == fitted.predict(table.X).tolist()


def test_its_metadata_says_what_one_has_to_know(published, facts, fitted):
    metadata = {key: entry["value"] for key, entry in stored(published.id).get_all_metadata().items()}
    assert metadata.pop("metric") == "accuracy"
    assert float(metadata.pop("cv_score")) == 0.98
    assert float(metadata.pop("holdout_score")) == 0.97
    assert (float(metadata.pop("holdout_low")), float(metadata.pop("holdout_high"))) == (0.93, 0.99)
    assert [metadata.pop(key) for key in ("task_type", "target", "inference_ms", "seed")] == [
        "classification", "species", "12.5", "42",
    ]  # fmt: skip
    assert int(metadata.pop("size_bytes")) == len(packed(fitted))
    assert not signing_key().problem(metadata.pop("signature"), published.sha256)
    assert (metadata.pop("rows"), metadata.pop("features")) == ("344", "7")
    assert metadata.pop("table_fingerprint") == facts.fingerprint
    assert metadata.pop("sha256") == published.sha256
    assert json.loads(metadata.pop("input_schema")) == facts.input_schema
    assert metadata == {f"version_{library}": number for library, number in library_versions().items()}
    assert "version_scikit-learn" in metadata


def test_its_page_is_linked(published, task, clearml_server):
    assert published.url == f"{clearml_server.web}/projects/{task.project}/models/{published.id}/general"


def test_two_models_of_one_task_have_a_file_each(published, task, table, facts):
    other = publishable(
        preprocessing(table.kinds, table.X, table.task),
        LogisticRegression(C=1e-6, max_iter=5000),
        table.X,
        table.y,
        table.task,
    )
    second = publish(
        task, packed(other), name="AutoML/penguins ensemble", metric="accuracy", cv_score=None, holdout_score=None,
        table=facts, tags=("tpot", "ensemble", "challenger"),
    )  # fmt: skip
    for model in (published, second):
        with open(stored(model.id).get_local_copy(force_download=True), "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == model.sha256


def test_nothing_tells_where_the_file_lay_before(published):
    assert tempfile.gettempdir() not in (stored(published.id).comment or "")


def test_a_draft_and_a_fallback_are_possible(task, fitted, facts):
    draft = publish(
        task, packed(fitted), name="AutoML/penguins", metric="accuracy", cv_score=None, holdout_score=None, table=facts,
        tags=("fallback", "challenger"), publish=False,
    )  # fmt: skip
    model = stored(draft.id)
    assert not model.published
    assert sorted(model.tags) == ["challenger", "fallback"]
    assert not {"cv_score", "holdout_score"} & set(model.get_all_metadata())


@pytest.fixture
def refusing_file_server():
    """A file server that answers, and takes nothing."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(507)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_failed_upload_publishes_nothing(task, fitted, facts, refusing_file_server):
    from clearml import Model

    place, task.output_uri = task.output_uri, refusing_file_server
    with pytest.raises(RuntimeError, match=f"could not be uploaded to {refusing_file_server}"):
        publish(task, packed(fitted), name="AutoML/lost", metric="r2", cv_score=None, holdout_score=None, table=facts)
    task.output_uri = place
    assert not Model.query_models(model_name="AutoML/lost", only_published=True)


def test_without_a_place_for_the_file_nothing_is_registered(task, fitted, facts):
    class Homeless:
        output_uri = None

    with pytest.raises(RuntimeError, match="no output_uri"):
        publish(Homeless(), packed(fitted), name="x", metric="r2", cv_score=None, holdout_score=None, table=facts)
