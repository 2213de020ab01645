"""Bad input ends in one line on stderr and exit code 2; no task is left behind, none is even made."""

from __future__ import annotations

import http.server
import socket
import sys
import threading

import pytest

import cli
from config.samples import SAMPLES

PENGUINS = SAMPLES["penguins"].path.read_text(encoding="utf-8")
GOOD = "size,colour,label\n" + "".join(
    f"{i}.5,{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}\n" for i in range(60)
)


@pytest.fixture
def refused(monkeypatch, capsys, tmp_path, stack):
    """Runs a command in this process that must be refused; gives the one line."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLEARML_API_HOST", "CLEARML_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["clearml-automl", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        output, errors = capsys.readouterr()
        assert end.value.code == 2, errors
        assert output == ""
        assert len(errors.splitlines()) == 1, errors
        assert errors.startswith("error: ")
        return errors

    return run


@pytest.fixture
def table(tmp_path):
    """Writes a table and gives the options that name it."""

    def write(text: str | bytes, target: str = "label", name: str = "table.csv") -> list[str]:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return ["run", "--data", str(path), "--target", target]

    return write


def test_a_missing_file(refused):
    assert "penguins" in refused("run", "--data", "penguin", "--target", "species")


def test_an_empty_file(refused, table):
    assert "empty" in refused(*table(""))


def test_a_file_that_is_no_table(refused, table):
    assert "PDF" in refused(*table(b"%PDF-1.7 \x00\x01\x02"))
    refused(*table(bytes(range(256)) * 10))


def test_a_broken_row_is_numbered(refused, table):
    assert "31" in refused(*table("\n".join([*GOOD.splitlines()[:30], "1,2", *GOOD.splitlines()[30:]]) + "\n"))


def test_an_unknown_target_suggests_the_nearest_column(refused, table):
    assert "label" in refused(*table(GOOD, target="lable"))


def test_a_constant_target(refused, table):
    assert "label" in refused(*table(GOOD.replace("yes", "no")))


def test_a_class_with_fewer_members_than_folds(refused, table):
    line = refused(*table(GOOD + "1.0,red,maybe\n1.1,blue,maybe\n1.2,red,maybe\n"))
    assert "maybe" in line


def test_missing_labels_are_counted_and_may_be_dropped(refused, table):
    holes = GOOD + "1.0,red,\n1.1,blue,\n"
    line = refused(*table(holes))
    assert "2" in line
    assert "missing_labels" in line.replace("-", "_")


def test_two_columns_of_one_name(refused, table):
    assert "size" in refused(*table(GOOD.replace("colour", "size", 1)))


def test_an_all_empty_column(refused, table):
    text = "\n".join(line + ("," if index else ",nothing") for index, line in enumerate(GOOD.splitlines())) + "\n"
    assert "nothing" in refused(*table(text))


def test_one_row(refused, table):
    refused(*table("\n".join(GOOD.splitlines()[:2]) + "\n"))


def test_a_metric_that_does_not_fit_lists_those_that_do(refused, table):
    assert "accuracy" in refused(*table(GOOD), "--metric", "r2")
    assert "roc_auc" in refused(*table(GOOD), "--metric", "roc_acu")


def test_a_search_space_that_does_not_exist(refused, table):
    assert "linear-light" in refused(*table(GOOD), "--search-space", "linaer")


@pytest.mark.parametrize(
    ("option", "value"), [("--time-left", "-5"), ("--per-run-limit", "0"), ("--generations", "0"), ("--cv-folds", "1")]
)
def test_a_budget_that_is_none(refused, option, value):
    assert option in refused("run", option, value)


def test_an_unknown_option_or_command(refused):
    assert "--help" in refused("run", "--generation", "3")
    assert "Did you mean 'run'" in refused("rum")


def test_column_kinds_that_do_not_fit(refused, table):
    assert "feat_type" in refused(*table(GOOD), "--feat-type", "colour=text")
    assert "colour" in refused(*table(GOOD), "--feat-type", '{"color": "text"}')


@pytest.fixture
def named_server(monkeypatch):
    """Names a ClearML server by environment, as a person does."""

    def name(url: str) -> None:
        for variable in ("API", "WEB", "FILES"):
            monkeypatch.setenv(f"CLEARML_{variable}_HOST", url)
        monkeypatch.setenv("CLEARML_API_ACCESS_KEY", "somebody")
        monkeypatch.setenv("CLEARML_API_SECRET_KEY", "wrong")

    return name


def test_a_server_that_refuses_the_key(refused, named_server, clearml_server):
    named_server(clearml_server.api)
    assert "refuses the access key 'somebody'" in refused("run", "--data", "penguins")


def test_a_server_that_is_not_there(refused, named_server):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        named_server(f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert "does not answer" in refused("enqueue", "--data", "penguins")


@pytest.mark.timeout(30)  # not the hours that the SDK would take by its defaults
def test_a_server_that_never_answers_is_given_up_soon(refused, named_server):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        named_server(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "does not answer" in refused("run", "--data", "penguins")


def test_an_address_that_is_no_clearml_server(refused, named_server):
    quiet = type("Quiet", (http.server.BaseHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.HTTPServer(("127.0.0.1", 0), quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        named_server(f"http://127.0.0.1:{server.server_port}")
        assert "port 8008" in refused("run", "--data", "penguins")
    finally:
        server.shutdown()
        server.server_close()


def test_a_port_in_use(refused, monkeypatch, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert port in refused("server", "start", "--home", str(tmp_path / "home"), "--api-port", port)


def test_a_server_that_other_machines_reach_is_not_started_by_accident(refused, tmp_path):
    asked = ("server", "start", "--home", str(tmp_path / "home"), "--server-host", "0.0.0.0")
    assert "add --allow-remote" in refused(*asked)


def test_a_folder_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert "AUTOML_HOME" in refused("server", "start", "--home", str(tmp_path / "file" / "home"))


def test_a_folder_with_a_space_which_the_agent_refuses(refused, tmp_path):
    assert "space" in refused("server", "start", "--home", str(tmp_path / "my home"))


def test_nothing_was_made_on_the_server(clearml_server):
    from pipelines.launching import api_client

    found = api_client().tasks.get_all(project=None, only_fields=["id", "hyperparams"])
    sources = [t.hyperparams["Data"]["data"].value for t in found if "Data" in (t.hyperparams or {})]
    assert not [source for source in sources if "table.csv" in source]
