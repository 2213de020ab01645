"""Texts counted by category: the frequent ones each, the others together, and those that training did not know."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.drift.cells import Texts

#: Categories that are counted each; the others are one cell. More cells need more rows before a change shows.
CELLS = 19
#: Categories whose names a profile keeps, so that another one is known to be new; of a column with more, it keeps those
#: that are counted each, and nobody can tell whether a category is new.
NAMES = 1_000
#: Names of new categories that are kept at most, and characters of each: names come from whoever asks.
NEW_NAMES = 20
NAME_CHARACTERS = 60


@dataclass(frozen=True)
class Categories:
    """Categories of the training rows."""

    #: those that are counted each, at most `CELLS`, the most frequent first
    names: tuple[str, ...]
    #: all that are known -> training rows of each
    known: Mapping[str, int]
    #: the tally of the training rows that the names were not chosen by, (size,), int64
    training: np.ndarray
    #: all are numbers: 1, 1.0 and "1" are one category
    numbered: bool = False

    @classmethod
    def of(cls, read: Texts, numbered: bool = False, also: Collection[str] = ()) -> Categories:
        """Categories of the training rows.

        Of more than `CELLS` categories, those that happen to be frequent among the rows are as a rule less frequent
        elsewhere. So one half of the rows, drawn with a fixed seed, chooses which are counted each, and the other half
        is counted.

        Args:
            read: the rows.
            numbered: whether all are numbers.
            also: categories that are known though no row may have them.
        """
        counts = Counter(dict.fromkeys(also, 0))
        counts.update(read.counts)
        chosen = counted = counts
        if len(counts) > CELLS:
            half = np.random.default_rng(0).random(len(read.codes)) < 0.5
            chosen, counted = read.counts_of(read.codes[half]), read.counts_of(read.codes[~half])
        frequent = heapq.nlargest(CELLS, chosen.items(), key=_frequency)
        names = tuple(name for name, _ in sorted(frequent, key=_frequency, reverse=True))
        known = {name: counts[name] for name in (names if len(counts) > NAMES else sorted(counts))}
        bare = cls(names, known, np.empty(0, np.int64), numbered)
        return cls(names, known, bare._tally(counted), numbered)

    @property
    def knows_all(self) -> bool:
        """Whether a category without a name here is new."""
        return not (len(self.training) and self.training[-1])

    @property
    def rows(self) -> int:
        """Training rows of known categories."""
        return sum(self.known.values())

    @property
    def seen_once(self) -> int:
        """Training rows whose category no other row has: the share of them is how many new ones to expect."""
        return sum(count == 1 for count in self.known.values())

    @property
    def size(self) -> int:
        """Length of a tally: the categories counted each, other known ones, unknown ones."""
        return len(self.names) + 2

    @cached_property
    def _slots(self) -> dict[str, int]:
        return {**dict.fromkeys(self.known, len(self.names)), **{name: slot for slot, name in enumerate(self.names)}}

    def tally(self, read: Texts) -> np.ndarray:
        """Counts of some texts: each of the names, other known ones, unknown ones; (size,), int64."""
        return self._tally(read.counts)

    def new(self, read: Texts) -> Counter[str]:
        """How often each new category is there; none, where that cannot be told."""
        if not self.knows_all:
            return Counter()
        found: Counter[str] = Counter()
        for name, count in read.counts.items():
            if name not in self._slots:
                found[name[:NAME_CHARACTERS]] += count
        return bounded(found)

    def _tally(self, counts: Mapping[str, int]) -> np.ndarray:
        tally = [0] * self.size
        slots, unknown = self._slots, self.size - 1
        for name, count in counts.items():
            tally[slots.get(name, unknown)] += count
        return np.array(tally, np.int64)

    def cells(self, tally: np.ndarray) -> np.ndarray:
        """The counts of a tally that are compared, (n_names + 1,): those counted each, and all others as one.

        New categories are not among them where they can be told: they are measured by themselves.
        """
        return tally[:-1] if self.knows_all else np.r_[tally[:-2], tally[-2:].sum()]

    def as_json(self) -> dict[str, Any]:
        """For `from_json`."""
        return {
            "categories": list(self.names),
            "counts": self.training.tolist(),
            "known": dict(self.known),
            "numbered": self.numbered,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Categories:
        """What `as_json` gave."""
        known = {str(name): int(count) for name, count in told["known"].items()}
        return cls(tuple(told["categories"]), known, np.array(told["counts"], np.int64), bool(told["numbered"]))


def bounded(names: Counter[str]) -> Counter[str]:
    """The `NEW_NAMES` most frequent of some names."""
    return names if len(names) <= NEW_NAMES else Counter(dict(names.most_common(NEW_NAMES)))


def _frequency(counted: tuple[str, int]) -> tuple[int, str]:
    return counted[1], counted[0]  # by name where counts are equal: the same table gives the same profile
