"""The table of benchmarks: its rows, its shape, and that all that it names is there.  Nothing is measured."""

import ast
import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).parents[1]


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_table", TOP / "benchmarks" / "table.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = loaded()


def test_an_aim_is_met_or_not() -> None:
    assert TABLE.at_most("memory", 119.9, "MB", 120) == TABLE.Row("memory", 119.9, "MB", "<= 120", True)
    assert TABLE.at_least("checks", 9_999, "/s", 10_000).met is False
    assert TABLE.noted("p50", 1, "ms").met is None
    assert math.isnan(TABLE.failed("pings", "needs root").measured)


@pytest.mark.parametrize(
    ("value", "said"),
    [(12345.6, "12,346"), (99.96, "100"), (1.234, "1.23"), (0.01234, "0.0123"), (math.nan, "-")],
)
def test_a_number_has_three_digits_that_matter(value: float, said: str) -> None:
    assert TABLE.number(value) == said


def test_the_table_of_a_document_is_put_between_its_marks(tmp_path: Path) -> None:
    file = tmp_path / "doc.md"
    file.write_text(f"before\n{TABLE.BEGIN}\nold\n{TABLE.END}\nafter\n")
    TABLE.put(file, TABLE.BEGIN, TABLE.END, TABLE.markdown([TABLE.at_most("a|b", 1, "ms", 2)]))
    lines = file.read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-3:] == ["| a\\|b | 1 ms | <= 2 | yes |  |", TABLE.END, "after"]
    assert "old" not in lines


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "doc.md"
    file.write_text("nothing\n")
    with pytest.raises(SystemExit):
        TABLE.put(file, TABLE.BEGIN, TABLE.END, "new")
    assert file.read_text() == "nothing\n"


@pytest.mark.parametrize("mark", ["bench", "peers"])
def test_the_document_has_its_marks(mark: str) -> None:
    text = (TOP / "docs" / "performance.md").read_text()
    assert text.count(f"<!-- {mark} -->\n") == text.count(f"<!-- /{mark} -->\n") == 1


@pytest.mark.parametrize("name", (*TABLE.BENCHMARKS, "peers"))
def test_each_benchmark_has_rows_and_says_how_to_run_it(name: str) -> None:
    tree = ast.parse((TOP / "benchmarks" / f"{name}.py").read_text())
    assert "rows" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert f"python benchmarks/{name}.py" in (ast.get_docstring(tree) or "")


def test_this_machine_says_what_it_is() -> None:
    words = dict(TABLE.machine())
    assert set(words) == {"machine", "kernel", "Python", "libraries", "commit", "date"}
    assert "msgspec" in words["libraries"]
