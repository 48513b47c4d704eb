"""Nothing is written without consent: a yes within the limits, the typed number beyond them."""

from __future__ import annotations

import pytest

from service.consent import Consent, obtain
from service.failures import Exit, Failure
from sync.guards import Reason, Verdict
from tests.service.changesets import CHANGESET

LARGE = Verdict(Reason.RUN, "164 of 812 ties would be written to, 40 are allowed", CHANGESET.writes, True)
FROZEN = Verdict(Reason.FROZEN, "[projects.pay] freeze forbids writes until 4 January", CHANGESET.writes)


class Person:
    """Somebody who answers, and remembers what they were asked."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.answer


def refused(given, *verdicts):
    with pytest.raises(Failure) as failure:
        obtain(CHANGESET, verdicts, given)
    assert failure.value.exit is Exit.REFUSED_BY_GUARD
    return failure.value.message


@pytest.mark.parametrize("answer", ["y", "yes", " Y "])
def test_a_yes_lets_a_changeset_pass_and_no_guard_with_it(answer):
    person = Person(answer)
    assert not obtain(CHANGESET, (), Consent(ask=person))(Reason.RUN)
    assert person.asked == ["Write 3 changes to 2 trackers? [y/N] "]


@pytest.mark.parametrize("answer", ["", "n", "no", "yep", "2"])
def test_anything_but_a_yes_writes_nothing(answer):
    assert refused(Consent(ask=Person(answer))).startswith("Nothing was written.")


def test_where_nobody_can_be_asked_the_flag_is_named():
    assert refused(Consent()).endswith("Write without asking: --yes")


def test_yes_asks_nobody():
    person = Person("n")
    obtain(CHANGESET, (), Consent(yes=True, ask=person))
    assert person.asked == []


def test_a_large_changeset_wants_its_number_typed_even_with_yes():
    person = Person(str(CHANGESET.touched))
    assert obtain(CHANGESET, (LARGE,), Consent(yes=True, ask=person))(Reason.RUN)
    (question,) = person.asked
    assert LARGE.text in question
    assert question.endswith("type the number: ")


@pytest.mark.parametrize("answer", ["y", "3", "", "22"])
def test_a_large_changeset_does_not_pass_with_any_other_answer(answer):
    assert "Nothing was written" in refused(Consent(ask=Person(answer)), LARGE)


def test_a_large_changeset_passes_up_to_the_number_that_was_allowed_beforehand():
    obtain(CHANGESET, (LARGE,), Consent(yes=True, allow_large=CHANGESET.touched))
    told = refused(Consent(yes=True, allow_large=CHANGESET.touched - 1), LARGE)
    assert told.endswith(f"Go on anyway: --allow-large {CHANGESET.touched}")


@pytest.mark.parametrize("given", [Consent(yes=True, allow_large=99), Consent(ask=Person("y"))])
def test_nobody_lets_a_freeze_or_a_pause_pass(given):
    assert FROZEN.text in refused(given, FROZEN)
