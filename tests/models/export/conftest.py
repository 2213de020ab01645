"""Models of mixed tables in a real registry, with what a run leaves on its task."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.evidence import HOLDOUT, HoldoutRows
from models.published import publishable
from models.registry import TableFacts, packed, publish
from models.schema import input_schema

ROWS = 240


def shops(seed: int = 0) -> pd.DataFrame:
    """Numbers, truth values, dates, categories and a free text, with missing cells, and who ``buys``."""
    random = np.random.default_rng(seed)
    price = random.normal(size=ROWS)
    frame = pd.DataFrame(
        {
            "price": np.where(random.random(ROWS) < 0.1, np.nan, price),
            "visits": random.integers(0, 9, ROWS),
            "member": random.random(ROWS) < 0.5,
            "town": random.choice(["Bonn", "Kiel", "Ulm"], ROWS),
            "since": pd.to_datetime("2021-03-01") + pd.to_timedelta(random.integers(0, 900, ROWS), "D"),
            "street": [f"street {number}" for number in random.integers(0, 40, ROWS)],
            "remark": [" ".join(random.choice(["good", "late", "never", "again"], 5)) for _ in range(ROWS)],
        }
    )
    frame["since"] = frame["since"].dt.strftime("%d.%m.%Y")
    frame.loc[::9, "town"] = None
    frame.loc[::7, "since"] = None
    return frame.assign(buys=np.where(price + random.normal(size=ROWS) / 2 > 0, "yes", "no"))


@pytest.fixture(scope="module")
def shelve(clearml_server, tmp_path_factory):
    """Publishes a pipeline as a run does, and gives the model."""
    from clearml import Task

    from experiments.data.columns import preprocessing
    from experiments.data.kinds import detect_kinds
    from models.catalog import model_by_id

    def put(estimator, *, dropped=("remark",)):
        table = shops()
        X, y = table.drop(columns="buys"), table["buys"]
        kinds = detect_kinds(X, dict.fromkeys(dropped, "drop"))
        fitted = publishable(preprocessing(kinds, X, "classification"), estimator, X, y, "classification")
        task = Task.create(project_name="Export", task_name="a run")
        task.mark_started()
        task.output_uri = clearml_server.files
        folder = tmp_path_factory.mktemp("artifacts")
        rows = HoldoutRows(X[:80], y[:80], "classification", kinds)
        for name, content in ((HOLDOUT, rows.to_parquet()), ("best_pipeline.py", b"# how it was made\n")):
            path = folder / name
            path.write_bytes(content)
            task.upload_artifact(name, path, wait_on_upload=True)
        published = publish(
            task, packed(fitted), name="Export/shops", metric="accuracy", cv_score=0.9, holdout_score=0.8,
            table=TableFacts(len(X), X.shape[1], "0" * 64, input_schema(X, kinds)), task_type="classification",
        )  # fmt: skip
        task.mark_completed()
        return model_by_id(published.id), fitted

    return put
