#!/bin/sh
# Everything that `make test` does, in order; ends at the first part that fails.
#   tests/run.sh [lint]     BIN is where the virtual environment's programs are
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
OURS="mon monitors alerts tests benchmarks"

part() {
    echo "== $1"
    shift
    "$@"
}

part "format" "$BIN/ruff" format --check --quiet $OURS
part "lint" "$BIN/ruff" check --quiet $OURS
part "types" "$BIN/mypy"
[ "${1:-}" = lint ] && exit 0
part "tests" "$BIN/python" -m pytest -q
