"""What a prediction worker does: bodies of requests in, bodies of answers out, by one model."""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from models.evidence import HoldoutRows
from models.published import coded
from models.serving.messages import Answered, Question, Reply
from models.serving.model_folder import ModelFolder
from models.serving.observer import ROWS_WAITING, Batch
from models.serving.predictor import Predictor, with_one_thread
from models.serving.rows import Unreadable, read_rows
from models.serving.trial_rows import holdout_cells, strange_cells
from models.serving.validation import InputSchema

log = logging.getLogger(__name__)

#: Rows that the model predicts before it answers anybody.
WARMING_ROWS = 256

#: of one request: validated cells and how many rows they are
_Read = tuple[dict[str, list[Any]], int]


class Answering:
    """One model, loaded, tried and warm.

    Args:
        folder: of the model.

    Raises:
        Exception: of any kind, where the model cannot be loaded or does not answer.
    """

    def __init__(self, folder: ModelFolder) -> None:
        began = time.perf_counter()
        told = folder.facts()
        self._model_id: str = told["id"]
        fitted = with_one_thread(folder.pipeline())
        written = _dates_written(coded(fitted))
        self._schema = InputSchema(told["input_schema"], written)
        self._predictor = Predictor(fitted, told["input_schema"])
        self._labels = [_as_key(label) for label in self._classes()]
        trials = [strange_cells(told["input_schema"], self._schema)]
        holdout = folder.holdout()
        if holdout is not None:
            trials.append(holdout_cells(HoldoutRows.from_parquet(holdout), self._schema))
        for cells in trials:
            self._try(cells)
        #: what is known of the model now, ready for JSON
        self.facts: dict[str, Any] = {
            "classes": self._classes(),
            "has_probabilities": self._predictor.has_probabilities,
            "dates": self._schema.date_examples(),
            "compiled": self._predictor.is_quick,
            "not_compiled_because": self._predictor.why_slow,
            "tried_rows": sum(_n_rows(cells) for cells in trials),
            "load_seconds": round(time.perf_counter() - began, 3),
        }

    def answer(self, questions: Sequence[Question], is_observed: bool = True) -> Answered:
        """Answers requests that came together; their rows are predicted together.

        Whatever a request holds, it gets an answer of its own, and does no harm to the others.

        Args:
            questions: the requests.
            is_observed: whether anybody wants to see the rows.
        """
        began = time.perf_counter()
        replies: list[Reply | None] = []
        read: list[_Read] = []
        for question in questions:
            cells_or_refusal = self._read(question)
            if isinstance(cells_or_refusal, Reply):
                replies.append(cells_or_refusal)
            else:
                replies.append(None)
                read.append(cells_or_refusal)
        answered, batches = self._predicted(read)
        given = iter(answered)
        replies = [reply or next(given) for reply in replies]
        n_rows = sum(len(batch) for batch in batches)
        observed = pickle.dumps(batches, pickle.HIGHEST_PROTOCOL) if is_observed and 0 < n_rows <= ROWS_WAITING else b""
        return Answered([reply for reply in replies if reply], n_rows, observed, time.perf_counter() - began)

    def _read(self, question: Question) -> _Read | Reply:
        try:
            rows = read_rows(question.format, question.body, self._schema.names)
            cells, problems = self._schema.read(rows)
        except Unreadable as error:
            return Reply(400, orjson.dumps({"detail": str(error)}), 0)
        except Exception as error:  # a worker lives on, whatever somebody has thought of
            log.exception("a request could not be read")
            return self._refused(error, "these rows cannot be read")
        if problems:
            told = [problem.as_json() for problem in problems]
            detail = "the rows do not fit what the model was trained on; /schema says what it takes"
            return Reply(422, _dumped({"detail": detail, "model": self._model_id, "problems": told}), 0)
        return cells, rows.n_rows

    def _predicted(self, read: list[_Read]) -> tuple[list[Reply], list[Batch]]:
        """Predicts rows of several requests together; where that fails, each request by itself."""
        if not read:
            return [], []
        together = read[0][0] if len(read) == 1 else _joined([cells for cells, _ in read])
        n_rows = sum(count for _, count in read)
        try:
            predictions, probabilities = self._predictor.predict(together) if n_rows else ([], None)
        except Exception as error:  # of any kind: it depends on the model
            if len(read) == 1:
                return [self._refused(error, "the model cannot predict these rows, which fit its schema")], []
            apart = [self._predicted([one]) for one in read]
            return [reply for replies, _ in apart for reply in replies], [
                batch for _, batches in apart for batch in batches
            ]
        replies, begin = [], 0
        for _, count in read:
            end = begin + count
            replies.append(self._reply(predictions[begin:end], probabilities and probabilities[begin:end]))
            begin = end
        return replies, [Batch(self._model_id, together, predictions, probabilities)]

    def _reply(self, predictions: list[Any], probabilities: list[list[float]] | None) -> Reply:
        if probabilities is None:
            told = [{"prediction": prediction} for prediction in predictions]
        else:
            labels = self._labels
            told = [
                {"prediction": prediction, "probabilities": dict(zip(labels, row, strict=True))}
                for prediction, row in zip(predictions, probabilities, strict=True)
            ]
        return Reply(200, _dumped({"model": self._model_id, "predictions": told}), len(predictions))

    def _refused(self, error: Exception, detail: str) -> Reply:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        problem = {"row": None, "column": None, "problem": reason, "instead": "leave out the rows that are unusual"}
        return Reply(422, _dumped({"detail": detail, "model": self._model_id, "problems": [problem]}), 0)

    def _try(self, cells: Mapping[str, list[Any]]) -> None:
        if not _n_rows(cells):
            return
        self._predictor.check(cells)
        self._predictor.predict({name: column[:WARMING_ROWS] for name, column in cells.items()})
        self._predictor.predict({name: column[:1] for name, column in cells.items()})

    def _classes(self) -> list[Any]:
        classes = self._predictor.classes
        return [] if classes is None else classes.tolist()


def _n_rows(cells: Mapping[str, list[Any]]) -> int:
    return len(next(iter(cells.values()), ()))


def _joined(parts: Sequence[Mapping[str, list[Any]]]) -> dict[str, list[Any]]:
    return {name: [cell for part in parts for cell in part[name]] for name in parts[0]}


def _dates_written(pipeline: Any) -> dict[str, str | None]:
    """Column of dates -> the format by which a fitted pipeline reads it."""
    columns = pipeline.steps[0][1] if isinstance(pipeline, Pipeline) else None
    if not isinstance(columns, ColumnTransformer):
        return {}
    found: dict[str, str | None] = {}
    for _, part, chosen in columns.transformers_:
        if isinstance(chosen, str) and isinstance(part, Pipeline) and "read" in part.named_steps:
            arguments = getattr(part.named_steps["read"], "kw_args", None) or {}
            if "format" in arguments:
                found[chosen] = arguments["format"]
    return found


def _as_key(label: Any) -> str:
    """A label as the name of an item of a JSON object."""
    return label if isinstance(label, str) else _dumped(label).decode().strip('"')


def _dumped(content: Any) -> bytes:
    return orjson.dumps(content, default=str, option=orjson.OPT_SERIALIZE_NUMPY)
