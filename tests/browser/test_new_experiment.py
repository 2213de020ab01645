"""From a file that a person drops to its published model, and what is said where something does not fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from clearml import Dataset, Task
from playwright.sync_api import Page, expect

from config.samples import SAMPLES
from pipelines.launching import api_client
from tests.browser.conftest import OpenPage
from tests.browser.content import Content, await_end

pytestmark = pytest.mark.end_to_end

TABLE = SAMPLES["penguins"].path
SECONDS = "12"  # of the search: enough for a model, whatever it is worth
RUN_WITHIN = 90.0  # seconds, on a busy machine

#: puts a file into a browser as a drop does
DROP = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, { type: "text/csv" }));
    const at = document.getElementById("drop");
    for (const kind of ["dragover", "drop"])
        at.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def drop(page: Page, name: str, text: str) -> None:
    page.goto("/new")
    page.wait_for_load_state()
    page.evaluate(DROP, [name, text])


def test_a_dropped_file_becomes_a_dataset_a_task_and_a_published_model(page: Page, content: Content) -> None:
    drop(page, "islands.csv", TABLE.read_text(encoding="utf-8"))
    expect(page.get_by_role("region", name="Its columns")).to_contain_text("344 rows")
    sex = page.locator('tr[data-column="sex"]')
    expect(sex.get_by_role("combobox", name="Kind of sex")).to_have_value("categorical")
    expect(sex).to_contain_text(re.compile(r"3\.\d %"))  # missing
    page.get_by_label("Column to predict").select_option("species")
    expect(page.get_by_text("3 classes")).to_be_visible()
    page.get_by_label("Metric").select_option("balanced_accuracy")
    page.get_by_label("Budget in seconds").fill(SECONDS)
    page.get_by_label("Project").fill("Dropped")
    page.get_by_label("Search space").select_option("linear-light")
    page.get_by_label("Name", exact=True).fill("out of the browser")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile("/experiments/"), timeout=60_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("out of the browser")

    task_id = re.search(r"/experiments/(\w+)", page.url).group(1)
    assert await_end(task_id, RUN_WITHIN) == "completed"
    expect(page.locator("main .status").first).to_have_text("completed", timeout=40_000)  # it follows by itself
    task = Task.get_task(task_id=task_id)
    parameters = task.get_parameters()
    assert (parameters["Search/metric"], parameters["Data/target_column"]) == ("balanced_accuracy", "species")
    dataset = Dataset.get(dataset_id=parameters["Data/data"].removeprefix("dataset:"))
    assert dataset.list_files() == ["islands.csv"]
    models = api_client().models.get_all(task=[task_id])
    assert [model.ready for model in models] == [True]
    page.goto(f"/models/{models[0].id}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dropped/islands")


def test_what_is_no_table_is_refused_beside_the_field(open_page: OpenPage, content: Content) -> None:
    page = open_page(forgiven="status of 400")
    drop(page, "numbers.csv", "1,2\n3,4\n")
    expect(page.locator("#file-problem")).to_contain_text("line 1 holds numbers, not column names")
    expect(page.get_by_role("button", name="Start")).to_be_hidden()


def test_a_file_is_chosen_by_keyboard_and_errors_stand_beside_their_fields(
    open_page: OpenPage, content: Content, tmp_path: Path
) -> None:
    table = tmp_path / "chosen.csv"
    table.write_text("height,label\n" + "".join(f"{row},{'ab'[row % 2]}\n" for row in range(60)))
    page = open_page("/new", forgiven="status of 422")
    with page.expect_file_chooser() as chooser:
        page.get_by_label("choose one").press("Enter")
    chooser.value.set_files(table)
    expect(page.get_by_label("Column to predict")).to_have_value("label")
    budget = page.get_by_label("Budget in seconds")
    budget.fill("-1")
    page.keyboard.press("Enter")
    expect(page.locator("#time_left-problem")).to_contain_text("greater than 0")
    expect(budget).to_be_focused()
    expect(budget).to_have_attribute("aria-invalid", "true")
