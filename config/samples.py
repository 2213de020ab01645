"""The tables that ship with the project, by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).with_name("samples")


@dataclass(frozen=True)
class Sample:
    """A table that a person can learn from by its name; ``samples/README.md`` describes its columns."""

    name: str
    #: CSV file with a header, UTF-8
    path: Path
    #: column to predict
    target: str
    task: Literal["classification", "regression"]
    #: SPDX identifier of the data's licence
    licence: str
    #: whom to name where the data is shown, and where it comes from
    credit: str


SAMPLES: dict[str, Sample] = {
    sample.name: sample
    for sample in (
        Sample(
            "german_credit", FOLDER / "german_credit.csv", "credit_risk", "classification", "CC-BY-4.0",
            "Hans Hofmann, Statlog (German Credit Data), UCI Machine Learning Repository, "
            "https://doi.org/10.24432/C5NC77",
        ),
        Sample(
            "abalone", FOLDER / "abalone.csv", "rings", "regression", "CC-BY-4.0",
            "Nash, Sellers, Talbot, Cawthorn, Ford, Abalone, UCI Machine Learning Repository, "
            "https://doi.org/10.24432/C55C7W",
        ),
        Sample(
            "penguins", FOLDER / "penguins.csv", "species", "classification", "CC0-1.0",
            "Horst, Hill, Gorman, palmerpenguins, https://doi.org/10.5281/zenodo.3960218",
        ),
    )
}  # fmt: skip
