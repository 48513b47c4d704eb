"""A marker proves itself only where it was written: copied, altered or made up, it proves nothing."""

from hypothesis import given
from hypothesis import strategies as st

from sync.markers import intent_in, marker_for

KEY, OTHER = b"k" * 32, b"o" * 32
INTENTS = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=8, max_size=24)


@given(INTENTS, st.text(), st.text())
def test_a_marker_leads_back_to_its_intent(intent, connection, source):
    assert intent_in(KEY, connection, source, marker_for(KEY, connection, source, intent)) == intent


@given(INTENTS)
def test_a_marker_copied_to_another_place_or_made_with_another_key_is_none(intent):
    marker = marker_for(KEY, "plan", "cut-over", intent)
    assert intent_in(KEY, "plan", "elsewhere", marker) is None
    assert intent_in(KEY, "jira", "cut-over", marker) is None
    assert intent_in(OTHER, "plan", "cut-over", marker) is None


@given(INTENTS, st.integers(0, 15))
def test_an_altered_marker_is_none(intent, place):
    marker = marker_for(KEY, "plan", "cut-over", intent)
    at = len(marker) - 16 + place
    altered = marker[:at] + ("0" if marker[at] != "0" else "1") + marker[at + 1 :]
    assert intent_in(KEY, "plan", "cut-over", altered) is None


@given(st.text())
def test_other_texts_are_no_markers(text):
    assert intent_in(KEY, "plan", "cut-over", text) is None


def test_the_places_name_and_container_are_kept_apart():
    assert marker_for(KEY, "a", "bc", "intent01") != marker_for(KEY, "ab", "c", "intent01")
