"""Nothing imports pyplot before something is drawn."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("importing", "its_pyplot"),
    [
        ("with pyplot_later():\n    import skrub._reporting._plotting as drawing", "drawing.plt"),
        ("import experiments.search.tpot_repairs", "sys.modules['tpot.graphsklearn'].plt"),
    ],
)
def test_a_library_gets_pyplot_when_it_draws(importing, its_pyplot):
    program = (
        "import sys\n"
        "from experiments.data.late_pyplot import pyplot_later\n"
        f"{importing}\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"{its_pyplot}.figure()\n"
        "import matplotlib.pyplot\n"
        f"assert {its_pyplot}.figure is matplotlib.pyplot.figure\n"
        "with pyplot_later():\n"
        "    import matplotlib.pyplot as once_more\n"
        "assert once_more is matplotlib.pyplot\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (finished.returncode, finished.stderr) == (0, "")
