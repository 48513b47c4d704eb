"""Which accounts are one person: by the config, by verified addresses, and never by a name."""

from __future__ import annotations

from config.settings import Person
from model.values import Account, Ref
from sync.people import match_people

JIRA, PLAN, GITHUB = Ref("jira", "j1"), Ref("plan", "p1"), Ref("github", "g1")
VERIFIED = {"jira", "plan"}


def person(name: str = "Ada Osei", **said: object) -> Person:
    return Person.model_validate({"name": name, **said})


def test_the_config_says_whose_an_account_is() -> None:
    found = match_people({"ada": person(accounts={"github": "g1"})}, [Account(GITHUB, "ada")], VERIFIED)
    assert (found.of, found.accounts, found.unmatched) == ({GITHUB: "ada"}, {("ada", "github"): "g1"}, ())


def test_an_address_of_the_config_finds_accounts_where_addresses_are_verified() -> None:
    people = {"ada": person(emails=["Ada@acme.example"])}
    accounts = [Account(ref, "A", "ada@ACME.example") for ref in (JIRA, PLAN, GITHUB)]
    found = match_people(people, accounts, VERIFIED)
    assert found.of == {JIRA: "ada", PLAN: "ada"}
    (left,) = found.unmatched
    assert (left.account.ref, left.suggestions) == (
        GITHUB,
        (("ada", "the same address, which this tracker does not verify"),),
    )


def test_the_address_of_a_known_account_leads_to_the_others() -> None:
    people = {"ada": person(accounts={"jira": "j1"})}
    found = match_people(
        people, [Account(JIRA, "A", "a@x.example"), Account(PLAN, "B", "a@x.example")], VERIFIED
    )
    assert found.of[PLAN] == "ada"


def test_without_the_config_one_verified_address_is_one_person() -> None:
    accounts = [Account(JIRA, "Cy", "cy@x.example"), Account(PLAN, "Cy T.", "cy@x.example")]
    found = match_people({}, accounts, VERIFIED)
    assert found.of[JIRA] == found.of[PLAN]
    assert found.called[found.of[JIRA]] == "Cy"


def test_an_address_that_two_people_claim_matches_nobody() -> None:
    people = {"ada": person(emails=["team@x.example"]), "bo": person("Bo", emails=["team@x.example"])}
    assert match_people(people, [Account(JIRA, "Team", "team@x.example")], VERIFIED).of == {}


def test_a_name_is_no_proof_and_only_suggests() -> None:
    found = match_people({"ada": person()}, [Account(JIRA, "ada osei")], VERIFIED)
    assert found.of == {}
    assert found.unmatched[0].suggestions == (("ada", "the same name"),)


def test_of_two_accounts_in_one_tracker_the_configs_is_assigned() -> None:
    people = {"ada": person(accounts={"jira": "j9"}, emails=["a@x.example"])}
    found = match_people(people, [Account(JIRA, "A", "a@x.example")], VERIFIED)
    assert (found.of[JIRA], found.accounts["ada", "jira"]) == ("ada", "j9")


def test_the_order_of_accounts_changes_nothing() -> None:
    accounts = [
        Account(PLAN, "Cy", "cy@x.example"),
        Account(JIRA, "Cy", "cy@x.example"),
        Account(GITHUB, "Cy"),
    ]
    assert match_people({}, accounts, VERIFIED) == match_people({}, accounts[::-1], VERIFIED)
