"""An erased person leaves a pseudonym: no read brings the name back, and the history stays."""

from __future__ import annotations

from datetime import UTC, datetime

from model.values import Account, Ref

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ANN, BOB = Ref("jira", "ann"), Ref("jira", "bob")


def accounts(store):
    return {account.ref: (account.name, account.email) for account in store.view(NOW).accounts()}


def test_an_erased_account_keeps_its_id_under_a_pseudonym_and_others_are_left_alone(store):
    with store.transaction() as writer:
        writer.save_accounts([Account(ANN, "Ann Lee", "ann@example.com"), Account(BOB, "Bob", None)])
    with store.transaction() as writer:
        (pseudonym,) = writer.erase_people([ANN], "cli:pm", NOW).values()
    assert accounts(store) == {ANN: (pseudonym, None), BOB: ("Bob", None)}
    assert "Ann" not in pseudonym


def test_a_later_read_does_not_bring_the_name_back(store):
    with store.transaction() as writer:
        writer.save_accounts([Account(ANN, "Ann Lee", "ann@example.com")])
        (pseudonym,) = writer.erase_people([ANN], "cli:pm", NOW).values()
    with store.transaction() as writer:
        writer.save_accounts([Account(ANN, "Ann Lee", "ann@example.com")])
    assert accounts(store) == {ANN: (pseudonym, None)}


def test_the_same_account_has_the_same_pseudonym_whenever_it_is_erased(store):
    with store.transaction() as writer:
        assert writer.erase_people([ANN], "cli:pm", NOW) == writer.erase_people([ANN], "cli:pm", NOW)
