"""Models in a real registry, and the service that follows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.catalog import RegistryModel, model_by_id
from tests.models.serving.made_models import Made

#: publishes a model; arguments as `_publish` has them
Publish = Callable[..., RegistryModel]


@pytest.fixture(scope="module")
def publish_made(clearml_server, tmp_path_factory) -> Publish:
    """Publishes made models, with the rows that were held out from them."""
    from clearml import Task

    from models.registry import TableFacts, packed, publish

    tasks: list[Any] = []

    def _publish(made: Made, name: str, tags: tuple[str, ...] = ("challenger",), with_holdout: bool = True, **more):
        task = Task.create(project_name="Serving", task_name=f"makes a model of {name}")
        tasks.append(task)
        task.mark_started()
        task.output_uri = clearml_server.files
        if with_holdout:
            path = Path(tmp_path_factory.mktemp("holdout"), "holdout.parquet")
            path.write_bytes(made.holdout().to_parquet())
            task.upload_artifact("holdout", artifact_object=str(path), wait_on_upload=True)
        facts = TableFacts(len(made.y), len(made.X.columns), "0" * 64, made.schema)
        published = publish(
            task, packed(made.fitted), name=name, metric="accuracy", cv_score=0.9, holdout_score=0.9, table=facts,
            tags=tags, **more,
        )  # fmt: skip
        task.mark_completed()
        return model_by_id(published.id)

    return _publish
