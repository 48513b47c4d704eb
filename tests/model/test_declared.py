"""What the config declares is kept as it was declared last."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from model.declared import Deliverable, Dimension, Person, Project
from model.store import Store

PAY = Project(
    name="pay",
    title="Payments 💶",
    sources=(("jira", "PAY"), ("github", "acme/pay")),
    deliverables=(Deliverable("portal", "Portal", "ada", date(2026, 6, 1), ("It pays", "It prints")),),
    dimensions=(Dimension("wave", "label", "wave:(.+)"), Dimension("type", "type")),
)
ADA = Person("ada", "Ada L.", "developer", (("github", "ada"), ("jira", "5b10")))


def declare(store: Store, projects: tuple[Project, ...], people: tuple[Person, ...]) -> None:
    with store.transaction() as writer:
        writer.declare(projects, people)


def test_projects_and_people_come_back_as_declared(store: Store) -> None:
    declare(store, (PAY, Project("web", "Web")), (ADA, Person("bob", "Bob")))
    pay, web = store.projects()
    assert replace(pay, dimensions=()) == replace(PAY, dimensions=())
    assert set(pay.dimensions) == set(PAY.dimensions)
    assert web == Project("web", "Web")
    assert store.people() == (ADA, Person("bob", "Bob"))


def test_what_is_no_longer_declared_is_gone(store: Store) -> None:
    declare(store, (PAY,), (ADA,))
    declare(store, (Project("pay", "New name"),), ())
    assert store.projects() == (Project("pay", "New name"),)
    assert store.people() == ()
