"""What is taken of what is said about a job."""

import pytest

from mon.model.result import Verdict
from mon.runner.answers import LONGEST, Answer, bounded
from mon.runner.messages import Job, Word


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ([Word(7, "a"), Word(7, "b"), Word(7, end=True)], [True, True, True]),
        ([Word(7, "a"), Word(7, "a", Verdict.DOWN)], [True, False]),
        ([Word(7, "c")], [False]),
        ([Word(8, "a"), Word(8, end=True)], [False, False]),
        ([Word(7, end=True), Word(7, "a"), Word(7, end=True)], [True, False, False]),
    ],
)
def test_each_host_that_was_asked_for_once_and_then_the_end(words, taken):
    answer = Answer.to(Job(7, hosts=("a", "b")))
    assert [answer.takes(word) for word in words] == taken


def test_text_is_cut_to_what_anybody_reads():
    word = bounded(Word(1, detail="x" * 10**6, trouble="y" * 10**6))
    assert (len(word.detail), len(word.trouble)) == (LONGEST, LONGEST)
