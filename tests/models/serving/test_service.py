"""The service end to end: a real registry, a real process, real requests."""

from __future__ import annotations

import base64
import http.client
import signal
import socket
import stat
import threading
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest

from commands.serving import serve
from config.errors import BadInput
from tests.models.serving.made_models import plain
from tests.models.serving.running_service import KEY, RunningService

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]

NAME = "Serving/plain"
ROW = {"age": 33, "income": 41_000.5, "colour": "red", "member": True}


@pytest.fixture(scope="module")
def made():
    return plain()


@pytest.fixture(scope="module")
def champion(made, publish_made):
    return publish_made(made, NAME, ("tpot", "champion"))


@pytest.fixture(scope="module")
def service(champion):
    running = RunningService(NAME, "--workers", "2", "--timeout", "20", "--maximum-body-mb", "1")
    yield running
    assert running.stop() == 0


def records(frame):
    return frame.to_dict(orient="records")


def test_it_tells_where_it_answers_and_which_model(service, champion):
    assert service.told["model"] == champion.id
    assert service.told["name"] == NAME
    assert service.told["url"].startswith("http://127.0.0.1:")


def test_one_row_gets_the_persons_label_and_the_probability_of_each(service, champion, made):
    status, answer = service.ask("/predict", ROW)
    assert status == 200
    assert answer["model"] == champion.id
    (one,) = answer["predictions"]
    assert one["prediction"] in {"no", "yes"}
    assert one["probabilities"].keys() == {"no", "yes"}
    assert sum(one["probabilities"].values()) == pytest.approx(1)


def test_thousands_of_rows_get_what_the_pipeline_itself_predicts(service, made):
    rows = records(made.X) * 40
    status, answer = service.ask("/predict", {"rows": rows})
    assert status == 200
    assert [one["prediction"] for one in answer["predictions"]] == made.fitted.predict(made.X).tolist() * 40
    told = np.array([list(one["probabilities"].values()) for one in answer["predictions"]])
    assert np.allclose(told, np.tile(made.fitted.predict_proba(made.X), (40, 1)), rtol=1e-12)


def test_csv_gets_the_same_answers_as_json(service, made):
    as_csv = service.ask("/predict", made.X.to_csv(index=False), kind="text/csv")
    assert as_csv == service.ask("/predict", records(made.X))
    assert as_csv[0] == 200


def test_no_rows_get_no_predictions(service, champion):
    assert service.ask("/predict", []) == (200, {"model": champion.id, "predictions": []})


def test_what_does_not_fit_is_told_by_row_and_column(service):
    rows = [ROW, {**ROW, "colour": "rd"}, {"age": "old", "income": 1, "member": True, "size": 3}]
    status, answer = service.ask("/predict", rows)
    assert status == 422
    assert [(problem["row"], problem["column"]) for problem in answer["problems"]] == [
        (2, "colour"), (3, "size"), (3, "age"), (3, "colour"),
    ]  # fmt: skip
    assert answer["problems"][0]["instead"] == "did you mean 'red'?"
    assert all(problem["problem"] and problem["instead"] for problem in answer["problems"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b'{"age": NaN}', "application/json", 400),
        (b"\xff\xfe", "text/csv", 400),
        (b"age,age\n1,2\n", "text/csv", 400),
        (b"age,income\n1\n", "text/csv", 400),
        (b"3", "application/json", 400),
        (b"[3]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b"{}", "application/xml", 415),
        (b"[" * 100_000, "application/json", 400),
        (b" " * 1_100_000, "application/json", 413),
    ],
)
def test_a_bad_body_is_told_what_is_wrong(service, body, kind, status):
    told, answer = service.ask("/predict", body, kind)
    assert told == status
    assert answer["detail"]


def test_a_body_without_end_is_cut_off_at_the_limit(service):
    parts = urlsplit(service.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    pieces = iter(lambda: b"[" * 100_000, None)
    try:
        connection.request("POST", "/predict", (next(pieces) for _ in range(12)),
                           {"Authorization": f"Bearer {KEY}"}, encode_chunked=True)  # fmt: skip
        assert connection.getresponse().status == 413
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/predict", "/schema", "/metrics", "/openapi.json", "/docs", "/drift", "/drift.json"])
def test_without_a_key_nothing_is_told(service, path):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-API-Key": "wrong"}, {"Authorization": "Basic !"}):
        status, answer = service.ask(path, b"{}" if path == "/predict" else None, headers=headers)
        assert status == 401
        assert "API key" in answer["detail"]


def test_a_key_may_come_in_three_ways(service):
    basic = base64.b64encode(f"anybody:{KEY}".encode()).decode()
    for headers in ({"Authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}, {"Authorization": f"Basic {basic}"}):
        assert service.ask("/schema", headers=headers)[0] == 200


def test_health_and_readiness_are_told_to_everybody(service, champion):
    assert service.ask("/health", headers={}) == (200, {"healthy": True})
    status, answer = service.ask("/ready", headers={})
    assert status == 200
    assert (answer["ready"], answer["model"], answer["workers"], answer["compiled"]) == (True, champion.id, 2, True)


def test_the_schema_is_that_of_training(service, made):
    _, answer = service.ask("/schema")
    assert answer["columns"] == made.schema["columns"]
    assert answer["classes"] == ["no", "yes"]
    assert answer["task_type"] == "classification"


def test_the_documents_example_is_answered(service):
    _, document = service.ask("/openapi.json")
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert service.ask("/predict", content["application/json"]["example"])[0] == 200
    assert service.ask("/predict", content["text/csv"]["example"], kind="text/csv")[0] == 200


def test_the_docs_page_fetches_nothing_from_elsewhere(service):
    status, page = service.ask("/docs")
    assert status == 200
    assert "<code>/predict</code>" in page
    assert "colour" in page
    assert not any(word in page for word in ("src=", "@import", "https://", "//cdn"))


def test_metrics_count_what_happened(service, champion):
    before = service.metric("automl_serving_rows_total")
    service.ask("/predict", [ROW, ROW, ROW])
    assert service.metric("automl_serving_rows_total") == before + 3
    assert service.metric("automl_serving_predict_seconds_count") > 0
    assert f'automl_serving_model_info{{model="{champion.id}",name="{NAME}"}} 1.0' in service.ask("/metrics")[1]


def test_other_paths_and_methods_are_refused(service):
    assert service.ask("/nothing")[0] == 404
    assert service.ask("/predict")[0] == 405
    assert service.ask("/schema", {})[0] == 405


def test_a_killed_worker_is_replaced(service):
    before = service.metric("automl_serving_worker_restarts_total")
    victim = service.workers()[0]
    victim.kill()
    service.wait_until(lambda: service.metric("automl_serving_worker_restarts_total") == before + 1)
    service.wait_until(lambda: service.ask("/ready")[1]["workers"] == 2)
    assert service.ask("/predict", ROW)[0] == 200


def test_workers_are_started_even_after_the_process_that_forks_them_was_killed(service):
    before = service.metric("automl_serving_worker_restarts_total")
    victim = service.workers()[0]
    victim.parent().kill()
    assert service.ask("/predict", ROW)[0] == 200
    victim.kill()
    service.wait_until(lambda: service.metric("automl_serving_worker_restarts_total") > before)
    service.wait_until(lambda: service.ask("/ready")[1]["workers"] == 2)


@pytest.fixture(scope="module")
def impatient(champion):
    """A service with a short time limit, and with a key of its own making."""
    with RunningService(NAME, "--workers", "1", "--timeout", "0.5", AUTOML_SERVE_KEY="") as running:
        running.key = Path(running.told["keys"].removeprefix("file ")).read_text().strip()
        yield running
        assert running.stop() == 0


def test_a_key_is_made_at_the_first_start_and_told_where_it_is(impatient):
    path = Path(impatient.told["keys"].removeprefix("file "))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert impatient.ask("/schema")[0] == 200
    assert impatient.ask("/schema", headers={"X-API-Key": KEY})[0] == 401


def test_a_body_that_does_not_come_is_not_waited_for(impatient):
    parts = urlsplit(impatient.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nX-API-Key: {impatient.key}\r\nContent-Length: 10\r\n\r\n{{"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("sent", [b"", b"POST /predict HTTP/1.1\r\nHo"])
def test_headers_that_do_not_come_are_not_waited_for(impatient, sent):
    parts = urlsplit(impatient.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(sent)
        assert connection.recv(1000) == b""


def test_a_worker_that_hangs_is_ended_and_another_takes_its_place(impatient):
    (worker,) = impatient.workers()
    worker.suspend()
    assert impatient.ask("/predict", ROW)[0] == 504
    impatient.wait_until(lambda: impatient.ask("/ready")[1]["workers"] == 1 and impatient.workers() != [worker])
    impatient.wait_until(lambda: impatient.ask("/predict", ROW)[0] == 200)


@pytest.fixture(scope="module")
def without_keys(champion):
    """A service that asks for no key; a test ends it."""
    with RunningService(NAME, "--workers", "1", "--no-key") as running:
        yield running


def test_without_keys_it_answers_only_by_this_machines_names(without_keys):
    assert without_keys.ask("/predict", ROW, headers={})[0] == 200
    assert without_keys.ask("/predict", ROW, headers={"Host": "evil.example"})[0] == 403


def test_what_a_killed_worker_was_asked_another_one_answers(without_keys):
    (worker,) = without_keys.workers()
    worker.suspend()  # so that it has the request for sure when it is killed
    answers = []
    asker = threading.Thread(target=lambda: answers.append(without_keys.ask("/predict", [ROW, ROW])))
    asker.start()
    without_keys.wait_until(lambda: without_keys.metric("automl_serving_requests_in_flight") == 1)
    worker.kill()
    asker.join(60)
    assert [(status, len(answer["predictions"])) for status, answer in answers] == [(200, 2)]
    assert without_keys.metric("automl_serving_worker_restarts_total") == 1


def test_told_to_stop_it_answers_what_is_in_flight_and_ends_well(without_keys, made):
    service = without_keys
    rows = records(made.X) * 50
    (worker,) = service.workers()
    worker.suspend()  # so that the request is in flight for sure when the signal comes
    answers = []
    asker = threading.Thread(target=lambda: answers.append(service.ask("/predict", rows)))
    asker.start()
    service.wait_until(lambda: service.metric("automl_serving_requests_in_flight") == 1)
    service.process.send_signal(signal.SIGTERM)
    service.wait_until(lambda: "no new connections" in service.log)
    worker.resume()
    asker.join(60)
    assert [status for status, _ in answers] == [200]
    assert len(answers[0][1]["predictions"]) == len(rows)
    assert service.process.wait(30) == 0


def test_killed_it_leaves_nothing_behind(champion, tmp_path):
    with RunningService(NAME, "--workers", "1", TMPDIR=str(tmp_path)) as service:
        (worker,) = service.workers()
        nursery = worker.parent()
        assert list(tmp_path.iterdir())
        service.process.kill()
        assert not psutil.wait_procs([worker, nursery], timeout=30)[1]
        assert not list(tmp_path.iterdir())


def test_a_second_signal_ends_it_at_once(champion):
    with RunningService(NAME, "--workers", "1") as service:
        (worker,) = service.workers()
        worker.suspend()
        asker = threading.Thread(target=_ask_and_be_hung_up_on, args=(service,))
        asker.start()
        service.wait_until(lambda: service.metric("automl_serving_requests_in_flight") == 1)
        service.process.send_signal(signal.SIGTERM)
        service.wait_until(lambda: "no new connections" in service.log)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 128 + signal.SIGTERM
        asker.join(10)
        worker.resume()
        worker.wait(10)


def _ask_and_be_hung_up_on(service):
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        service.ask("/predict", ROW)


@pytest.fixture(scope="module")
def uncrowned(made, publish_made):
    return publish_made(made, "Serving/uncrowned")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"name": "Serving/unheard-of", "port": 0}, "there is no model named 'Serving/unheard-of'"),
        ({"name": "Serving/uncrowned@newest", "port": 0}, "is no champion"),
        ({"name": "Serving/uncrowned", "port": 0}, "has no champion yet"),
        ({"name": NAME, "no_key": True, "host": "0.0.0.0"}, "can be reached by other machines"),
        ({"name": NAME, "api_key_file": Path("no/such/file")}, "cannot be read"),
        ({"name": NAME, "host": "192.0.2.1"}, "cannot listen on 192.0.2.1"),
    ],
)
def test_what_a_person_gets_wrong_is_told_in_one_line(champion, uncrowned, words, message):
    with pytest.raises(BadInput, match=message):
        serve(**words)
