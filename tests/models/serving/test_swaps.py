"""What the service does while its champion changes: every request is answered, wholly by one model."""

from __future__ import annotations

import http.client
import json
import random
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from models.catalog import champion_of, models_named
from models.gate.marks import retag
from tests.models.serving.made_models import Made, plain_frame
from tests.models.serving.running_service import KEY, RunningService

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]

NAME = "Serving/swapped"
REQUESTS = 1_000
ASKERS = 4
SWAPS = 10


def made_to_answer(*labels: str) -> Made:
    """A model whose every answer tells which one it is."""
    X = plain_frame()
    y = pd.Series(np.resize(labels, len(X)), name="answer")
    return Made(X, y, DummyClassifier(strategy="constant", constant=0))


@pytest.fixture(scope="module")
def two_models(publish_made):
    """Model id -> the only label that it answers; the first is the champion."""
    first = publish_made(made_to_answer("first", "spare"), NAME, ("champion",))
    second = publish_made(made_to_answer("second", "spare"), NAME, ("challenger",))
    return {first.id: "first", second.id: "second"}


@pytest.fixture(scope="module")
def service(two_models):
    with RunningService(NAME, "--workers", "2") as running:
        yield running
        assert running.stop() == 0


def crown(name: str, model_id: str) -> None:
    """Makes a model the champion of its name, in the registry's own tags."""
    models = {model.id: model for model in models_named(name)}
    former = champion_of(name)
    retag(models[model_id], add=["champion"], remove=["challenger"])
    if former and former.id != model_id:
        retag(former, add=["challenger"], remove=["champion"])


class Asker(threading.Thread):
    """Asks over one connection, again and again, until it is told to stop; keeps every answer."""

    def __init__(self, url: str, seed: int) -> None:
        super().__init__()
        self._url, self._random = urlsplit(url), random.Random(seed)
        self._stopped = threading.Event()
        #: number of rows asked about, status, content
        self.answers: list[tuple[int, int, dict]] = []
        self.errors: list[Exception] = []

    def run(self) -> None:
        rows = plain_frame().to_dict(orient="records")
        connection = http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=60)
        while not self._stopped.wait(self._random.random() / 100):
            asked = self._random.sample(rows, self._random.choice([1, 1, 3, 20]))
            try:
                connection.request("POST", "/predict", json.dumps(asked), {"X-API-Key": KEY})
                answer = connection.getresponse()
                self.answers.append((len(asked), answer.status, json.loads(answer.read())))
            except Exception as error:
                self.errors.append(error)
        connection.close()

    def stop(self) -> None:
        """Ends it after the answer that it waits for."""
        self._stopped.set()
        self.join(60)


def test_a_thousand_requests_during_ten_swaps_and_a_killed_worker(service, two_models):
    askers = [Asker(service.url, seed) for seed in range(ASKERS)]
    for asker in askers:
        asker.start()
    for turn in range(SWAPS):
        crown(NAME, list(two_models)[(turn + 1) % 2])
        if turn == SWAPS // 2:
            service.workers()[0].kill()
        service.wait_until(lambda turn=turn: service.metric("automl_serving_model_swaps_total") == turn + 1)
    service.wait_until(lambda: sum(len(asker.answers) for asker in askers) >= REQUESTS)
    for asker in askers:
        asker.stop()
    answers = [answer for asker in askers for answer in asker.answers]
    assert not [error for asker in askers for error in asker.errors]
    assert {status for _, status, _ in answers} == {200}
    assert {content["model"] for _, _, content in answers} == two_models.keys()
    for n_rows, _, content in answers:
        told = [one["prediction"] for one in content["predictions"]]
        assert told == [two_models[content["model"]]] * n_rows


def test_a_model_that_took_over_is_the_one_that_is_told_of(service, two_models):
    serving = champion_of(NAME).id
    assert service.ask("/ready")[1]["model"] == serving
    assert service.ask("/schema")[1]["model"] == serving
    assert service.ask("/openapi.json")[1]["info"]["version"] == serving


def test_a_tampered_champion_leaves_the_old_one_serving_and_says_so(service, two_models, publish_made, clearml_server):
    serving = champion_of(NAME).id
    tampered = publish_made(made_to_answer("evil", "spare"), NAME)
    stored_file(tampered, clearml_server).write_bytes(b"not what was published")
    crown(NAME, tampered.id)
    service.wait_until(lambda: service.ask("/ready")[1]["refused_champion"])
    refused = service.ask("/ready")[1]["refused_champion"]
    assert refused["model"] == tampered.id
    assert "was changed after it was published" in refused["reason"]
    assert "reason" not in service.ask("/ready", headers={})[1]["refused_champion"]
    assert f"champion {tampered.id} cannot be loaded" in service.log
    assert f'automl_serving_model_refused{{model="{tampered.id}"}} 1.0' in service.ask("/metrics")[1]
    status, answer = service.ask("/predict", plain_frame(2).to_dict(orient="records"))
    assert (status, answer["model"]) == (200, serving)
    crown(NAME, serving)
    service.wait_until(lambda: not service.ask("/ready")[1]["refused_champion"])


def test_a_champion_that_a_stranger_signed_leaves_the_old_one_serving(service, publish_made, tmp_path):
    serving = champion_of(NAME).id
    foreign = publish_made(made_to_answer("foreign", "spare"), NAME, with_holdout=False, signing_home=tmp_path)
    crown(NAME, foreign.id)
    service.wait_until(lambda: service.ask("/ready")[1]["refused_champion"])
    assert "--trust-unsigned" in service.ask("/ready")[1]["refused_champion"]["reason"]
    assert service.ask("/ready")[1]["model"] == serving
    crown(NAME, serving)
    service.wait_until(lambda: not service.ask("/ready")[1]["refused_champion"])


def test_a_champion_that_does_not_load_leaves_the_old_one_serving(service, two_models, publish_made):
    serving = champion_of(NAME).id
    broken = made_to_answer("broken", "spare")
    broken.fitted.estimators_[0].steps[1] = ("model", DoesNotAnswer())
    model = publish_made(broken, NAME)
    crown(NAME, model.id)
    service.wait_until(lambda: service.ask("/ready")[1]["refused_champion"])
    assert "it does not want to" in service.ask("/ready")[1]["refused_champion"]["reason"]
    assert service.ask("/ready")[1]["model"] == serving
    crown(NAME, serving)
    service.wait_until(lambda: not service.ask("/ready")[1]["refused_champion"])


def test_while_the_registry_is_away_it_goes_on_serving(service, two_models, stack):
    stack.processes.find("server").process().kill()  # so that it starts at the same address again
    try:
        service.wait_until(lambda: not service.ask("/ready")[1]["registry_reachable"])
        restarts = service.metric("automl_serving_worker_restarts_total")
        service.workers()[0].kill()
        service.wait_until(lambda: service.metric("automl_serving_worker_restarts_total") > restarts)
        service.wait_until(lambda: service.ask("/ready")[1]["workers"] == 2)
        assert service.ask("/predict", plain_frame(2).to_dict(orient="records"))[0] == 200
    finally:
        stack.connect()
    service.wait_until(lambda: service.ask("/ready")[1]["registry_reachable"])
    crown(NAME, next(model for model in two_models if model != service.ask("/ready")[1]["model"]))
    service.wait_until(lambda: service.ask("/ready")[1]["model"] == champion_of(NAME).id)


class DoesNotAnswer(DummyClassifier):
    """A classifier that raises."""

    def predict_proba(self, X):
        raise RuntimeError("it does not want to")


def stored_file(model, clearml_server) -> Path:
    """The model's file where the embedded server keeps it."""
    place = unquote(urlsplit(model.uri).path).lstrip("/")
    (found,) = [path for path in (clearml_server.home / "server").rglob(Path(place).name) if str(path).endswith(place)]
    return found
