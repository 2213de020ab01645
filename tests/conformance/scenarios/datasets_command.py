"""``clearml-data``: a dataset made, filled, closed, listed and fetched on the command line."""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from tests.conformance.expectations import check, equal
from tests.conformance.server import unique


def clearml_data(*words: str) -> str:
    """What the command prints; it runs in this process, for a start of its own costs seconds."""
    from clearml.cli.data import __main__ as command

    printed, sys.argv = io.StringIO(), ["clearml-data", *words]
    with redirect_stdout(printed):
        command.cli()
    return printed.getvalue()


def scenario_create_add_close_list_get():
    os.environ["HOME"] = str(Path.cwd())  # where the command remembers the dataset at hand
    project = unique("sdk")
    Path("data").mkdir()
    Path("data/rows.csv").write_text("a,b\n1,2\n")
    made = clearml_data("create", "--project", project, "--name", "rows", "--version", "2.0")
    dataset = re.search(r"id=(\w+)", made)[1]
    check("1 file added" in clearml_data("add", "--files", "data"), "add does not tell of the file")
    check("closed and finalized" in clearml_data("close"), "close does not tell that it is done")

    listed = clearml_data("list", "--id", dataset)
    check("rows.csv" in listed, f"list does not show the file: {listed}")
    found = clearml_data("search", "--project", project)
    check(dataset in found and "2.0" in found, f"search does not show the dataset: {found}")
    clearml_data("get", "--id", dataset, "--copy", "copy")
    equal(Path("copy/rows.csv").read_text(), "a,b\n1,2\n", "fetched file")
    check("verification completed" in clearml_data("verify", "--id", dataset, "--folder", "copy").lower(), "verify")


def scenario_a_version_after_another():
    from clearml import Dataset

    project = unique("sdk")
    for name in ("kept", "changed", "gone"):
        Path(f"{name}.txt").write_text(name)
    first = Dataset.create(dataset_name="rows", dataset_project=project)
    for name in ("kept", "changed", "gone"):
        first.add_files(f"{name}.txt")
    first.upload(show_progress=False)
    first.finalize()
    Path("changed.txt").write_text("changed again")
    second = Dataset.create(dataset_name="rows", dataset_project=project, parent_datasets=[first.id])
    second.add_files("changed.txt")
    second.remove_files("gone.txt")
    second.set_metadata({"rows": 3}, metadata_name="about")
    second.upload(show_progress=False)
    second.finalize(auto_upload=True)

    got = Dataset.get(dataset_project=project, dataset_name="rows")
    equal((got.id, got.version, got.get_metadata("about")), (second.id, "1.0.1", {"rows": 3}), "latest version")
    equal(sorted(got.list_files()), ["changed.txt", "kept.txt"], "files")
    equal((got.list_modified_files(), got.list_removed_files()), (["changed.txt"], ["gone.txt"]), "differences")
    folder = Path(got.get_local_copy())
    equal([(folder / f"{n}.txt").read_text() for n in ("kept", "changed")], ["kept", "changed again"], "content")
    Dataset.delete(dataset_id=second.id)
    equal([one["id"] for one in Dataset.list_datasets(dataset_project=project)], [first.id], "after deletion")
