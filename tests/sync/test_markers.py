"""A marker is known by its whole text: copied elsewhere or made up, it is another one."""

from hypothesis import given
from hypothesis import strategies as st

from model.values import Issue, Ref, StatusCategory
from sync.markers import intents_in, marker_for

KEY, OTHER = b"k" * 32, b"o" * 32
INTENTS = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=8, max_size=24)


@given(INTENTS, st.text(), st.text())
def test_an_issue_that_bears_a_marker_names_its_intent(intent, connection, source):
    body = f"Text\n\n<!-- crosstie:{marker_for(KEY, connection, source, intent)} -->"
    issue = Issue(Ref("a", "1"), "s", "A-1", "Title", "", StatusCategory.TODO, "Open", body=body)
    assert intents_in(issue) == {intent}


@given(INTENTS)
def test_another_place_or_key_or_intent_makes_another_marker(intent):
    marker = marker_for(KEY, "plan", "cut-over", intent)
    assert marker != marker_for(KEY, "plan", "elsewhere", intent)
    assert marker != marker_for(KEY, "jira", "cut-over", intent)
    assert marker != marker_for(OTHER, "plan", "cut-over", intent)
    proof, other = (m.rpartition(".")[2] for m in (marker, marker_for(KEY, "plan", "cut-over", f"{intent}x")))
    assert proof != other, "a proof cannot be carried over to another intent"


def test_the_places_name_and_container_are_kept_apart():
    assert marker_for(KEY, "a", "bc", "intent01") != marker_for(KEY, "ab", "c", "intent01")
