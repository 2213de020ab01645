"""The scores of a model beside each other, with intervals, and how much of them is luck."""

from __future__ import annotations

from models.card.facts import CardFacts, Score
from models.card.section import Section, joined
from models.card.text import interval, name, number, table


def scores(facts: CardFacts, holdout_rows: int) -> Section:
    """The hold-out score beside the cross-validation score, with intervals, and how much of the latter is luck."""
    rows = []
    if facts.cv:
        meaning = f"mean over {facts.folds} folds of the rows to learn from" if facts.folds else "mean over the folds"
        rows.append(_score_row("cross-validation", facts.cv, meaning))
        if facts.optimism is not None:
            best = f"the best of {facts.candidates:,} pipelines" if facts.candidates > 1 else "the only pipeline"
            rows.append(("optimism", number(facts.optimism), "–", f"estimated share of luck in being {best}"))
            corrected = number(facts.cv.value - facts.optimism)
            rows.append(("cross-validation less optimism", corrected, "–", "what to expect of new rows"))
    if facts.holdout:
        rows.append(_score_row("hold-out", facts.holdout, f"on {holdout_rows:,} rows that nothing had seen before"))
    return Section(
        "Scores",
        joined(
            f"The metric is {name(facts.metric)}; greater is better.",
            table(("score", "value", "95 % interval", "what it is"), rows, numbers=(1,)),
            _agreement(facts),
            "The interval of the cross-validation is Student's, with the variance corrected for folds that share rows "
            "(Nadeau and Bengio, 2003). The interval of the hold-out is a bootstrap of its rows (Efron, 1979). The "
            "optimism is estimated by choosing the best on some of the folds and scoring it on the others, again and "
            "again (after Tsamardinos, Greasidou and Borboudakis, 2018).",
        ),
    )


def _score_row(label: str, score: Score, meaning: str) -> tuple[str, str, str, str]:
    return label, f"**{number(score.value)}**", interval(score.low, score.high), meaning


def _agreement(facts: CardFacts) -> str:
    """What the two scores say together."""
    if not facts.cv or not facts.holdout or facts.cv.low is None or facts.cv.high is None:
        return ""
    value = facts.holdout.value
    if value < facts.cv.low:
        return "**The hold-out score lies below the interval of the cross-validation: expect the hold-out score.**"
    if value > facts.cv.high:
        return "The hold-out score lies above the interval of the cross-validation: by chance, or the rows are easier."
    return "The hold-out score lies within the interval of the cross-validation."
