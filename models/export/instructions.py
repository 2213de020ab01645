"""``README.md`` of an exported model: what each file is, and how to load it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from models.catalog import RegistryModel
from models.export.conversion import Obstacle
from models.export.parity import TIE, Comparison

_JOBLIB = """\
## model.joblib

The published file, byte for byte. Unpickling runs code: load it only if you trust where it comes from.

```python
import joblib, pandas

model = joblib.load("model.joblib")
print(model.predict(pandas.read_csv("rows.csv")))
```
"""

_SKOPS = """\
## model.skops

The same pipeline without pickle. Loading it builds only the types that `model.trusted-types.json` lists; read that list
once. `operator.methodcaller` and `functools.partial` in it are calls of a data frame's `astype`, `apply`, `fillna` and
`replace`, by which the pipeline reads cells.

```python
import hashlib, json, pathlib
import skops.io

listed = json.loads(pathlib.Path("model.trusted-types.json").read_text())
content = pathlib.Path("model.skops").read_bytes()
assert hashlib.sha256(content).hexdigest() == listed["sha256"]
model = skops.io.loads(content, trusted=listed["types"])
```
"""

_ONNX = """\
## model.onnx

For any ONNX runtime, also without Python. Each column is an input of its own, `(rows, 1)`: a `double` column holds
numbers, truth values as 1 and 0, or dates as seconds since 1970 in UTC, with NaN for a missing cell; a `string` column
holds categories, with the empty text for a missing cell. {outputs}

```python
import onnxruntime, pandas

rows = pandas.read_csv("rows.csv")
session = onnxruntime.InferenceSession("model.onnx")
written = session.get_modelmeta().custom_metadata_map
feeds = {{}}
for column in session.get_inputs():
    cells = rows[column.name]
    if "date format of " + column.name in written:
        dates = pandas.to_datetime(cells, errors="coerce", utc=True, format=written["date format of " + column.name])
        cells = ((dates - pandas.Timestamp("1970-01-01", tz="UTC")) / pandas.Timedelta("1s")).to_numpy(dtype="float64")
    elif column.type == "tensor(string)":
        cells = cells.astype("string").fillna("").to_numpy(dtype=object)
    else:
        truths = {{"true": 1, "false": 0, "yes": 1, "no": 0}}
        cells = cells.map(lambda cell: truths.get(str(cell).lower(), cell))
        cells = pandas.to_numeric(cells, errors="coerce").to_numpy(dtype="float64")
    feeds[column.name] = cells.reshape(-1, 1)
print(session.run(None, feeds))
```
"""

_CLASSES = (
    "Outputs: `label`, and where the pipeline knows them `probabilities`, a column for each label in the order of the "
    "labels sorted."
)
_NUMBERS = "Output: `prediction`."

_CODE = """\
## best_pipeline.py

The pipeline as readable Python, which fits it again: `python best_pipeline.py table.csv rows.csv` prints predictions.
"""


def instructions(
    model: RegistryModel,
    files: Collection[str],
    missing: Mapping[str, Sequence[Obstacle]],
    comparisons: Sequence[Comparison],
) -> str:
    """The text.

    Args:
        model: that was exported.
        files: that are in the folder.
        missing: form -> why it is missing, or was not compared.
        comparisons: of every form that was compared.
    """
    versions = {key.removeprefix("version_"): value for key, value in model.metadata.items() if "version_" in key}
    parts = [
        f"# {model.name}\n\nModel `{model.id}`, {model.metric} on held-out rows {_score(model)}. It was made with "
        f"{', '.join(f'{name} {number}' for name, number in versions.items())}. `input_schema.json` says which columns "
        "it wants.\n"
    ]
    if "model.joblib" in files:
        parts.append(_JOBLIB)
    if "model.skops" in files:
        parts.append(_SKOPS)
    if "model.onnx" in files:
        parts.append(_ONNX.format(outputs=_NUMBERS if model.task_type == "regression" else _CLASSES))
    if "best_pipeline.py" in files:
        parts.append(_CODE)
    parts.append(_parity(comparisons))
    if missing:
        lines = [f"- `{form}`: {obstacle}" for form, obstacles in missing.items() for obstacle in obstacles]
        parts.append("## What is missing\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _score(model: RegistryModel) -> str:
    return "unknown" if model.holdout_score is None else f"{model.holdout_score:.4g}"


def _parity(comparisons: Sequence[Comparison]) -> str:
    lines = [
        f"| `{each.form}` | {each.rows} | {each.differing} | {each.largest_difference:.2g} | {each.tolerance:g} |"
        for each in comparisons
    ]
    return (
        "## Parity\n\nEach form was asked about rows that the search never saw, and about some of them with cells "
        f"emptied, beside the published pipeline. Labels must be the same, but for ties within {TIE:g} where the "
        "tolerance is not 0; probabilities, and numbers relative to the largest, may differ by the tolerance.\n\n"
        "| form | rows | differing | largest difference | tolerance |\n|---|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )
