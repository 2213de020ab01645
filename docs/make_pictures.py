"""Makes the pictures of ``docs/pages.md``: the pages in Chromium, out of real runs on the sample table.

Run by ``make pictures``; takes some minutes, nearly all of them for the runs. Everything happens on a stack of its
own in a folder that is thrown away.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from config.samples import SAMPLES
from config.settings import Resolved, Settings
from pipelines.launching import api_client, clone, enqueue, ensure_queue
from pipelines.processes import wait_until
from pipelines.stack import Stack

FOLDER = Path(__file__).with_name("pictures")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE, TALL, NARROW = (1280, 800), (1280, 1400), (390, 844)
COLOURS = 128  # of the palette: pages have few
LARGEST = 150_000  # bytes of a picture
SECONDS = 120.0  # of a run at most; on a quiet machine its generations end it sooner
RUN_WITHIN = 2 * SECONDS
SCALING = {"sklearn.preprocessing.StandardScaler": {}, "sklearn.preprocessing.MinMaxScaler": {}}
LINEAR = {
    "sklearn.linear_model.LogisticRegression": {"C": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0], "max_iter": [500]},
    "sklearn.naive_bayes.GaussianNB": {"var_smoothing": [1e-9, 1e-7, 1e-5, 1e-3]},
    "sklearn.feature_selection.SelectPercentile": {
        "percentile": list(range(10, 100, 5)),
        "score_func": {"sklearn.feature_selection.f_classif": None},
    },
}
TREES = {
    "sklearn.tree.DecisionTreeClassifier": {
        "max_depth": list(range(1, 11)),
        "min_samples_leaf": list(range(1, 21)),
        "criterion": ["gini", "entropy"],
    },
    "sklearn.decomposition.PCA": {"svd_solver": ["randomized"], "iterated_power": list(range(1, 11))},
}
#: a run's name -> the pipelines that it searches: quick ones, so that short runs get far
RUNS = {"linear": SCALING | LINEAR, "trees": SCALING | TREES}


@dataclass(frozen=True)
class Picture:
    """One picture of one page."""

    name: str
    address: str
    size: tuple[int, int] = WIDE
    scheme: str = "light"
    #: brings the page into the state that is shown
    prepare: Callable[[Page], object] = lambda page: None


def main() -> None:
    """Runs the searches and writes the pictures."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("error: no Chromium on the PATH; on Debian: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    with running_stack() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        for picture in pictures(stack, make_runs(stack)):
            take(browser, stack, picture)
        browser.close()


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Server, pool and agent of their own, in a folder that is thrown away."""
    for name in [name for name in os.environ if name.startswith("CLEARML")]:
        del os.environ[name]
    home = Path(tempfile.mkdtemp(prefix="automl-pictures-"))
    os.environ["AUTOML_HOME"] = str(home)
    settings = Settings(home=home, api_port=0, web_port=0, files_port=0)
    stack = Stack(Resolved(settings, dict.fromkeys(Settings.model_fields, "default")))
    try:
        stack.start()
        stack.pool.wait()
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(home, ignore_errors=True)


def make_runs(stack: Stack) -> list[str]:
    """Searches of the sample table, one after the other, then one that still runs and two that wait.

    Returns:
        Ids of the searches that have ended.
    """
    short = {"time_left": SECONDS, "population_size": 16, "generations": 6}
    basis = stack.run_settings().model_copy(update=short)
    ended = []
    for name, space in RUNS.items():
        settings = basis.model_copy(update={"search_space": json.dumps(space)})
        task_id = enqueue(settings, f"german_credit, {name}").task_id
        await_(task_id, lambda task: str(task.status) not in ("queued", "in_progress"))
        task = api_client().tasks.get_by_id(task=task_id)
        if str(task.status) != "completed":
            raise RuntimeError(f"the run {name!r} is {task.status}: {task.status_reason}")
        ended.append(task_id)
    queue = ensure_queue(stack.settings.queue)
    more = [clone(ended[0], {"Search/seed": seed}, f"german_credit, seed {seed}") for seed in (1, 2, 3)]
    for task_id in more:
        api_client().tasks.enqueue(task=task_id, queue=queue)
    await_(more[0], lambda task: (task.last_iteration or 0) > 2)
    return ended


def await_(task_id: str, condition: Callable[[Any], bool]) -> None:
    """Waits until something holds of a task."""
    if not wait_until(lambda: condition(api_client().tasks.get_by_id(task=task_id)), RUN_WITHIN, 1.0):
        raise RuntimeError(f"nothing came of the task {task_id}")


def pictures(stack: Stack, runs: list[str]) -> list[Picture]:
    """What is shown, in the order of the guided tour."""
    task = api_client().tasks.get_by_id(task=runs[-1])
    experiment = f"/projects/{task.project}/experiments/{task.id}"
    together = f"/compare?ids={','.join(runs)}"
    return [
        Picture("experiments", "/"),
        Picture("experiment", experiment, TALL),
        Picture("compare", together, TALL),
        Picture("models", "/models"),
        Picture("queues", "/queues"),
        Picture("new-experiment", "/new", TALL, prepare=drop_table),
        Picture("experiment-dark", experiment, scheme="dark"),
        Picture("experiments-narrow", "/", NARROW),
    ]


def drop_table(page: Page) -> None:
    """Gives the sample table to the page, and waits for what it says of it."""
    page.locator("#file").set_input_files(SAMPLES["german_credit"].path)
    page.locator("#settings").wait_for(timeout=120_000)
    page.evaluate("scrollTo(0, 0)")


def take(browser: Browser, stack: Stack, picture: Picture) -> None:
    """Takes one picture, in few colours."""
    width, height = picture.size
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=picture.scheme, locale="en-GB")
    page.goto(stack.server.login_link())
    page.goto(stack.server.connection().web + picture.address, wait_until="networkidle")
    picture.prepare(page)
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    page.close()
    file = FOLDER / f"{picture.name}.png"
    shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    if file.stat().st_size > LARGEST:
        raise RuntimeError(f"{file.name} has {file.stat().st_size:,} bytes; take fewer colours or a smaller page")
    print(file)


if __name__ == "__main__":
    main()
