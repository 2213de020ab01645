#!/bin/sh
# Makes .venv from requirements.lock: by uv where it is installed, else by uv from the package index, else by pip.
# Usage: config/setup.sh [python]; run in the repository's root.
set -eu
python=${1:-python3}

"$python" - <<'CHECK'
import sys
if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    sys.exit(f"error: Python 3.10 to 3.13 is needed, this is {sys.version.split()[0]}; name another: make PYTHON=python3.12")
CHECK

echo "setting up .venv from requirements.lock (once; about a minute) ..." >&2
[ -x .venv/bin/python ] || "$python" -m venv .venv 2>/dev/null || {
    echo "error: 'python3 -m venv' does not work; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 2
}
if command -v uv >/dev/null 2>&1; then
    uv=uv
elif .venv/bin/python -m pip install --quiet --disable-pip-version-check uv 2>/dev/null; then
    uv=.venv/bin/uv
else
    uv=
fi
# The lock is complete, so nothing else is resolved: nvidia-nccl-cu12 (469 MB), which xgboost asks for and a CPU
# run never loads, stays out. stopit, a part of tpot, comes as source only and needs the environment's setuptools.
if [ -n "$uv" ]; then
    "$uv" pip install --quiet --python .venv --no-deps --compile-bytecode -r requirements.lock
    "$uv" pip install --quiet --python .venv --no-deps --no-build-isolation -e .
else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
fi
