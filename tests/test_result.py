"""How much of what a monitor said is kept."""

from mon.model.result import OUTPUT_KEPT, SUMMARY_KEPT, kept


def test_what_is_of_a_usual_size_is_kept_as_it_is() -> None:
    for output in ("", "web1 web2\n", "x" * SUMMARY_KEPT, "web1\n" + "y\n" * 100_000):
        assert kept(output) == output


def test_a_million_hosts_are_cut_behind_a_whole_name() -> None:
    output = kept(" ".join(f"web{number}" for number in range(1_000_000)) + "\nall of them\n")
    summary, _, rest = output.partition("\n")
    assert len(output) < SUMMARY_KEPT + 100
    assert summary.startswith("web0 web1 web2 ")
    assert summary.endswith(" characters are left out)")
    assert summary.split(" ... ")[0].endswith("web8329")
    assert rest == "all of them\n"


def test_a_long_detail_is_cut_behind_a_whole_line() -> None:
    output = kept("web1\n" + "line\n" * 1_000_000)
    assert len(output) < OUTPUT_KEPT + 100
    assert output.endswith("line\n... (4737866 characters are left out)\n")


def test_a_summary_without_a_blank_has_an_end_too() -> None:
    assert len(kept("x" * 1_000_000)) < SUMMARY_KEPT + 100
