"""Settings: one typed model, five sources, and the texts that are made from it."""

import json

import pytest

from config.errors import BadInput
from config.settings import (
    SECTIONS,
    Settings,
    column_kinds,
    default_worker_count,
    describe,
    hyperparameters,
    resolve,
    with_hyperparameters,
)


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for description in describe():
        monkeypatch.delenv(description.environment, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("config.settings.USER_FILE", tmp_path / "user.toml")


CONTRACT = {
    "TPOT__GENERATIONS": ("generations", 40),
    "TPOT__POPULATION_SIZE": ("population_size", 64),
    "TPOT__TIME_LEFT": ("time_left", 600),
    "TPOT__PER_RUN_LIMIT": ("per_run_limit", 60),
    "TPOT__METRIC": ("metric", "auto"),
    "TPOT__CV_FOLDS": ("cv_folds", 5),
    "TPOT__CONFIG_DICT": ("search_space", "linear"),
    "TPOT__N_JOBS": ("n_jobs", default_worker_count()),
    "TPOT__MEMORY_LIMIT_MB": ("memory_limit_mb", 3072),
    "TPOT_PARALLEL_MODE": ("parallel_mode", "local"),
    "TPOT_DASK_ADDRESS": ("dask_address", ""),
    "TPOT_SCHEDULER_FILE": ("scheduler_file", ""),
    "ENABLE_AUTOML": ("enable_automl", True),
    "ENABLE_AUTOML_FALLBACK": ("enable_automl_fallback", True),
    "AUTOML_CANARY_PERCENT": ("automl_canary_percent", 100),
    "AUTOML_QUEUE": ("queue", "automl"),
    "AUTOML_PROJECT": ("project", "AutoML"),
}


@pytest.mark.parametrize("environment", CONTRACT)
def test_names_and_defaults_are_a_contract(environment):
    name, default = CONTRACT[environment]
    description = next(d for d in describe() if d.environment == environment)
    assert (description.name, description.default) == (name, default)


def test_every_setting_has_a_help_a_section_and_an_environment_variable_of_its_own():
    descriptions = list(describe())
    assert all(d.help.endswith(".") for d in descriptions)
    assert {d.section for d in descriptions} == {*SECTIONS, "Launch"}
    assert len({d.environment for d in descriptions}) == len(descriptions)
    assert len({d.option for d in descriptions}) == len(descriptions)


@pytest.mark.parametrize(("processors", "workers"), [(1, 1), (2, 2), (3, 2), (4, 3), (9, 8), (64, 8), (None, 1)])
def test_workers_are_one_less_than_processors_but_two_of_two(monkeypatch, processors, workers):
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    assert default_worker_count() == workers


def test_the_nearer_source_wins_and_is_remembered(monkeypatch, tmp_path):
    assert resolve().origins["seed"] == "default"
    (tmp_path / "user.toml").write_text("seed = 1\ngenerations = 1\npopulation_size = 11\ncv_folds = 3\n")
    (tmp_path / "automl.toml").write_text("seed = 2\ngenerations = 2\npopulation_size = 12\n")
    monkeypatch.setenv("TPOT__SEED", "3")
    monkeypatch.setenv("TPOT__GENERATIONS", "3")
    resolved = resolve({"seed": "4", "generations": None})
    settings, origins = resolved.settings, resolved.origins
    assert (settings.seed, origins["seed"]) == (4, "command line")
    assert (settings.generations, origins["generations"]) == (3, "TPOT__GENERATIONS")
    assert (settings.population_size, origins["population_size"]) == (12, "automl.toml")
    assert (settings.cv_folds, origins["cv_folds"]) == (3, str(tmp_path / "user.toml"))


def test_other_variables_of_the_environment_set_nothing(monkeypatch):
    monkeypatch.setenv("DATA", "x.csv")
    monkeypatch.setenv("QUEUE", "other")
    assert (resolve().settings.data, resolve().settings.queue) == ("german_credit", "automl")


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("TPOT__SEED", "")
    assert resolve().settings.seed == 42


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"time_left": "-5"}, "--time-left: '-5' is not possible, it must be greater than 0"),
        ({"parallel_mode": "cloud"}, "--parallel-mode: 'cloud' is not possible, it must be local, distributed or off"),
        ({"generations": "many"}, "--generations: 'many' is not possible"),
        ({"target_column": 5}, "--target: 5 is not possible"),
    ],
)
def test_a_value_that_does_not_fit_is_told_in_one_line(given, message):
    with pytest.raises(BadInput) as error:
        resolve(given)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_an_environment_variable_that_does_not_fit_is_named(monkeypatch):
    monkeypatch.setenv("TPOT__CV_FOLDS", "1")
    with pytest.raises(BadInput, match="cv_folds \\(from TPOT__CV_FOLDS\\)"):
        resolve()


def test_a_file_with_an_unknown_key_or_broken_toml_is_named(tmp_path):
    (tmp_path / "automl.toml").write_text("generation = 3")
    with pytest.raises(BadInput, match="unknown setting 'generation', did you mean 'generations'"):
        resolve()
    (tmp_path / "automl.toml").write_text("generations = = 3")
    with pytest.raises(BadInput, match="automl.toml: not valid TOML"):
        resolve()


def test_hyperparameters_come_back_as_they_went_also_as_text():
    settings = Settings(data="a.csv", target_column="y", time_left=33.5, publish=False, feat_type='{"a": "text"}')
    sections = hyperparameters(settings)
    assert tuple(sections) == SECTIONS
    texts = {section: {name: str(value) for name, value in values.items()} for section, values in sections.items()}
    assert with_hyperparameters(Settings(), texts) == settings
    assert json.dumps(sections)


def test_settings_of_the_launch_are_no_hyperparameters():
    names = {name for values in hyperparameters(Settings()).values() for name in values}
    assert not names & {"queue", "project", "home", "api_port"}


def test_a_hyperparameter_that_a_person_mistyped_is_named():
    with pytest.raises(BadInput, match="Search/generatons is unknown, did you mean 'generations'"):
        with_hyperparameters(Settings(), {"Search": {"generatons": "3"}})
    with pytest.raises(BadInput, match=r"generations \(from hyperparameter Search/generations\)"):
        with_hyperparameters(Settings(), {"Search": {"generations": "0"}})


def test_sections_of_others_are_left_alone():
    assert with_hyperparameters(Settings(), {"properties": {"note": "x"}, "Args": {"y": "1"}}) == Settings()


def test_column_kinds_are_a_json_object():
    assert column_kinds(Settings()) == {}
    assert column_kinds(Settings(feat_type='{"zip": "categorical"}')) == {"zip": "categorical"}
    for wrong in ("zip=categorical", "[1]", '{"zip": 1}'):
        with pytest.raises(BadInput, match="feat_type"):
            column_kinds(Settings(feat_type=wrong))
