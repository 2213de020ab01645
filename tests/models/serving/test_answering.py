"""What a worker answers: to rows that fit, to rows that do not, and to whatever a generator thinks of."""

from __future__ import annotations

import json
import pickle

import networkx
import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tpot import GraphPipeline
from xgboost import XGBClassifier

from models.serving.answering import Answering
from models.serving.messages import Question
from tests.data.awkward import awkward_frame
from tests.models.serving.made_models import MODEL_ID, Made, awkward, plain, plain_frame

quick = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def started(made):
    folder = made.folder()
    try:
        return Answering(folder)
    finally:
        folder.remove()


@pytest.fixture(scope="module")
def made():
    return plain()


@pytest.fixture(scope="module")
def answering(made):
    return started(made)


@pytest.fixture(scope="module")
def strange():
    return started(awkward())


def asked(answering, *contents, format="json"):
    """Status and content of the answers to requests that come together."""
    bodies = [content if isinstance(content, bytes) else orjson.dumps(content) for content in contents]
    replies = answering.answer([Question(format, body) for body in bodies]).replies
    return [(reply.status, json.loads(reply.body)) for reply in replies]


def rows_of(frame):
    return frame.to_dict(orient="records")


def test_requests_that_come_together_get_the_answers_that_they_get_alone(answering):
    rows = rows_of(plain_frame(9))
    contents = [rows[0], rows[1:4], {"rows": rows[4:9]}, []]
    together = asked(answering, *contents)
    alone = [asked(answering, content)[0] for content in contents]
    assert [status for status, _ in together] == [200, 200, 200, 200]
    for (_, one), (_, other) in zip(together, alone, strict=True):
        for row, same in zip(one["predictions"], other["predictions"], strict=True):
            assert row["prediction"] == same["prediction"]
            assert row["probabilities"] == pytest.approx(same["probabilities"], rel=1e-12)


def test_a_bad_request_does_no_harm_to_those_that_come_with_it(answering):
    row = rows_of(plain_frame(1))[0]
    statuses = [status for status, _ in asked(answering, row, b"{", {**row, "colour": "pink"}, row)]
    assert statuses == [200, 400, 422, 200]


def test_a_regression_answers_numbers():
    made = Made(plain_frame(), plain_frame()["income"], DecisionTreeRegressor(max_depth=3), "regression")
    ((status, answer),) = asked(started(made), rows_of(made.X))
    assert status == 200
    assert [one["prediction"] for one in answer["predictions"]] == made.fitted.predict(made.X).tolist()
    assert "probabilities" not in answer["predictions"][0]


def test_a_classifier_without_probabilities_answers_labels():
    made = plain(LinearSVC(dual=False))
    ((_, answer),) = asked(started(made), rows_of(made.X))
    assert answer["predictions"] == [{"prediction": label} for label in made.fitted.predict(made.X)]


def graph():
    """A tree that sees the rows and what a forest says of them."""
    edges = networkx.DiGraph()
    edges.add_node("tree", instance=DecisionTreeClassifier(max_depth=3))
    edges.add_node("forest", instance=RandomForestClassifier(4, n_jobs=-1, random_state=0))
    edges.add_edge("tree", "forest")
    return GraphPipeline(graph=edges)


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(5, n_jobs=-1, random_state=0),
        XGBClassifier(n_estimators=3, n_jobs=2),
        LGBMClassifier(n_estimators=3, n_jobs=2, verbose=-1),
        VotingClassifier([("a", DecisionTreeClassifier()), ("b", RandomForestClassifier(3))], voting="soft", n_jobs=2),
        graph(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_any_estimator_answers_as_the_pipeline_does_in_one_thread(estimator):
    made = plain(estimator)
    answering = started(made)
    assert answering.facts["compiled"]
    ((status, answer),) = asked(answering, rows_of(made.X))
    assert status == 200
    assert [one["prediction"] for one in answer["predictions"]] == made.fitted.predict(made.X).tolist()
    told = np.array([list(one["probabilities"].values()) for one in answer["predictions"]])
    assert np.allclose(told, made.fitted.predict_proba(made.X), rtol=1e-6)
    assert not [jobs for jobs in jobs_in(answering._predictor._model) if jobs not in (None, 1)]


def jobs_in(estimator):
    """``n_jobs`` of an estimator and of those in it."""
    inner = [*getattr(estimator, "estimators_", ())]
    if hasattr(estimator, "graph"):
        inner += [attributes["instance"] for _, attributes in estimator.graph.nodes(data=True)]
    return [getattr(estimator, "n_jobs", None), *(jobs for one in inner for jobs in jobs_in(one))]


@pytest.mark.parametrize("labels", [[True, False], [7, 3], [-1.0, 2.0]])
def test_labels_keep_their_type(labels):
    import pandas as pd

    y = pd.Series(np.resize(labels, 80))
    made = Made(plain_frame(), y, DummyClassifier(strategy="prior"))
    ((_, answer),) = asked(started(made), rows_of(made.X.head(3)))
    for one in answer["predictions"]:
        assert one["prediction"] in labels
        assert type(one["prediction"]) is type(labels[0])
        assert [json.loads(name) for name in one["probabilities"]] == sorted(labels)


class AfraidOfRed(DummyClassifier):
    """Cannot answer for rows whose first number is missing, as some estimators cannot for some rows."""

    def predict_proba(self, X):
        if (np.asarray(X)[:, 0] < 0).any():
            raise ValueError("a negative number")
        return super().predict_proba(X)


def test_rows_that_the_model_itself_cannot_answer_are_refused_and_others_answered():
    rows = rows_of(plain_frame(3))
    answering = started(plain(DummyClassifier(strategy="prior")))
    answering._predictor._model.__class__ = AfraidOfRed
    answers = asked(answering, rows[0], {**rows[1], "age": -1}, rows[2])
    assert [status for status, _ in answers] == [200, 422, 200]
    assert "a negative number" in answers[1][1]["problems"][0]["problem"]


def test_the_observer_gets_typed_cells_and_answers(answering):
    row = {"age": "33", "income": None, "colour": "", "member": "yes"}
    answered = answering.answer([Question("json", orjson.dumps([row, row])), Question("json", b"nonsense")])
    (batch,) = pickle.loads(answered.observed)
    assert batch.model_id == MODEL_ID
    assert dict(batch.columns) == {
        "age": [33.0, 33.0], "income": [None, None], "colour": [None, None], "member": [True, True],
    }  # fmt: skip
    assert len(batch) == 2 == len(batch.probabilities)
    assert not answering.answer([Question("json", orjson.dumps(row))], is_observed=False).observed


def test_rows_of_every_kind_of_column_get_what_the_pipeline_predicts(strange):
    made = awkward()
    frame = made.X[np.isfinite(made.X["infinite"]) & (made.X["numbers as text"] != "?")]
    records = json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))
    for record in records:  # too large for that writer
        record["huge"] = None
    expected = made.fitted.predict(frame.assign(huge=np.nan)).tolist()
    ((status, answer),) = asked(strange, records)
    assert status == 200, answer
    assert [one["prediction"] for one in answer["predictions"]] == expected


@pytest.mark.parametrize("deep", [b"[" * 1000 + b"]" * 1000, b'{"a":' * 1000 + b"1" + b"}" * 1000])
def test_a_cell_as_deep_as_json_may_be_is_refused(answering, deep, caplog):
    ((status, answer),) = asked(answering, b'{"colour": ' + deep + b"}")
    assert status == 422
    assert {problem["column"] for problem in answer["problems"]} == {"age", "income", "colour", "member"}
    assert not caplog.records


ANY_JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8), st.sampled_from(["", "1", "1.0", "inf", "nan", "1e999", "2024-12-31", "31.12.2024", "true",
                                              "\0", "00001", "99999999-99-99", "rot", "1_000", "0x1"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=4,
)  # fmt: skip


def records_of(frame):
    """Records that are nearly right."""
    cells = {
        name: st.one_of(st.sampled_from(json.loads(frame[name].to_json(orient="values", date_format="iso"))), ANY_JSON)
        for name in frame
    }
    return st.fixed_dictionaries({}, optional={**cells, "another": ANY_JSON})


@quick
@given(data=st.data())
def test_whatever_comes_is_answered_or_refused(strange, data):
    records = records_of(awkward_frame())
    content = data.draw(st.one_of(records, st.lists(records, max_size=3), ANY_JSON))
    ((status, answer),) = asked(strange, content)
    assert status in {200, 400, 422}
    assert ("predictions" in answer) == (status == 200)
    assert status == 200 or answer["detail"]


@quick
@given(cells=st.fixed_dictionaries({
    "age": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53)),
    "income": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False).map(str)),
    "colour": st.sampled_from([None, "", "red", "green", "blue"]),
    "member": st.sampled_from([None, True, False, 0, 1, "Yes", "NO", "true", ""]),
}))  # fmt: skip
def test_nothing_but_the_schema_refuses_a_row(answering, cells):
    ((status, answer),) = asked(answering, cells)
    assert status == 200, answer
    assert answer["predictions"][0]["prediction"] in {"no", "yes"}


@quick
@given(body=st.one_of(st.binary(max_size=60), st.text(alphabet='age,"\n;1.é\0', max_size=40).map(str.encode)),
       format=st.sampled_from(["json", "csv"]))  # fmt: skip
def test_whatever_bytes_come_are_answered_or_refused(answering, body, format):
    ((status, _),) = asked(answering, body, format=format)
    assert status in {200, 400, 422}
