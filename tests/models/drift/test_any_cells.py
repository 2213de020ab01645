"""Whatever cells come, each row is counted once: as missing, or in one cell of each measure."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift.categories import Categories
from models.drift.column_distance import distances
from models.drift.column_drift import column_drift
from models.drift.column_profile import MEASURES, ColumnProfile
from models.drift.distance import false_discovery_q

CELLS = st.lists(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.dates().map(str)
    | st.sampled_from(
        ["1", "1.0", "yes", "31.12.2024", "12/31/2024", "99999-99-99", "1e999", "0_1", "00", "٣", "2024-13-45"]
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(kind=st.sampled_from(list(MEASURES)), then=CELLS, now=CELLS)
def test_every_row_is_counted_once(kind, then, now):
    column = ColumnProfile.from_json(
        json.loads(json.dumps(ColumnProfile.of("any", kind, then).as_json(), allow_nan=False))
    )
    tally, new = column.tally(now)
    rows, missing = tally[:2]
    assert rows == len(now)
    for name, part in column.measured(tally).items():
        measure = column.measures[name]
        counted = part.sum() if isinstance(measure, Categories) else measure.cells(part).sum()
        assert counted == rows - missing
    assert sum(new.values()) <= rows
    measured = distances(column, tally)
    found = column_drift(column, tally, new, measured, false_discovery_q([each.p_value for each in measured]), 0.1)
    json.dumps(found.as_json(), allow_nan=False)
