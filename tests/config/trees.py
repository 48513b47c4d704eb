"""Strategies for trees that are valid configurations of the two small kinds."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from config.settings import StatusMap

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
days = st.dates()
shares = st.integers(0, 400).map(lambda hundredths: hundredths / 100)
durations = st.sampled_from(["0d", "45s", "90s", "7m", "30h", "90d"])
references = st.sampled_from(["env:A_TOKEN", "file:/run/secrets/a token", "keyring:crosstie/a-name"])
ranges = st.tuples(days, st.integers(0, 300)).map(
    lambda pair: f"{pair[0]}/{pair[0].fromordinal(min(pair[0].toordinal() + pair[1], 3652059))}"
)
patterns = st.sampled_from(["wave:(.+)", r"^(\d+) points?$", "(a|b)c"])
limits = st.tuples(shares, shares).map(sorted)


@st.composite
def status_maps(draw: st.DrawFn) -> dict[str, list[str]]:
    words = draw(st.lists(texts, max_size=6, unique_by=str.casefold))
    found: dict[str, list[str]] = {}
    for word in words:
        found.setdefault(draw(st.sampled_from(list(StatusMap.model_fields))), []).append(word)
    return found


_common = {
    "visibility": st.sampled_from(["public", "internal", "restricted"]),
    "timeout": durations,
    "ca_file": st.just("/etc/ca.pem"),
    "proxy": st.just("http://proxy.example:3128"),
}
boards = st.fixed_dictionaries(
    {"kind": st.just("board"), "url": st.just("https://board.example"), "token": references},
    optional=_common | {"webhook": references},
)
sheets = st.fixed_dictionaries({"kind": st.just("sheet"), "root": st.just("/srv/exports")}, optional=_common)

_source = {
    "unit": st.sampled_from(["points", "hours", "days", "count"]),
    "status": status_maps(),
    "rework": st.lists(texts, max_size=3),
}
board_sources = st.fixed_dictionaries(
    {},
    optional=_source
    | {
        "number": st.integers(1, 10**20),
        "headings": st.fixed_dictionaries({}, optional={"estimate": texts, "sprint": texts}),
    },
)
sheet_sources = st.fixed_dictionaries(
    {},
    optional=_source
    | {
        "timezone": st.sampled_from(["UTC", "Asia/Tokyo"]),
        "columns": st.dictionaries(texts, texts, max_size=3),
        "points": patterns,
    },
)
calendars = st.fixed_dictionaries(
    {},
    optional={
        "hours_per_day": st.sampled_from([7.5, 8, 0.25]),
        "week": st.lists(st.sampled_from(["mon", "tue", "sun"]), min_size=1, unique=True),
        "closed": st.lists(ranges, max_size=2),
    },
)
generals = st.fixed_dictionaries(
    {},
    optional={
        "timezone": st.sampled_from(["Europe/London", "America/New_York"]),
        "language": st.sampled_from(["en-GB", "de", "pt-BR"]),
        "calendar": calendars,
        "store": st.fixed_dictionaries(
            {},
            optional={
                "url": st.sampled_from(["sqlite:////srv/a b.db", "postgresql://me@db.example/crosstie"]),
                "password": references,
                "keep_raw": durations,
            },
        ),
    },
)


def _rules(used: list[str]) -> dict[str, st.SearchStrategy[Any]]:
    """A rule for some of the fields: a word, or a connection that owns the field or alone speaks for it."""
    named = st.builds(
        lambda key, name: {key: name}, st.sampled_from(["owner", "one-way"]), st.sampled_from(used)
    )
    words = st.sampled_from(["ask", "newest", "off"])
    return {
        "due": st.one_of(words, named),
        "labels": st.one_of(words, st.just("union"), named),
        "description": named,
        "deleted": st.sampled_from(["unlink", "cancel"]),
    }


@st.composite
def projects(draw: st.DrawFn, kinds: dict[str, str], people: list[str], number: int) -> dict[str, Any]:
    sources = []
    used = draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=3))
    for position, connection in enumerate(used):
        key = f"P{number}S{position}"
        if kinds[connection] == "board":
            sources.append({"connection": connection, "project": key} | draw(board_sources))
        else:
            sources.append({"connection": connection, "path": key} | draw(sheet_sources))
    start = draw(days)
    dimension = st.one_of(
        st.fixed_dictionaries({"from": st.sampled_from(["label", "type"])}, optional={"pattern": patterns}),
        st.fixed_dictionaries({"from": st.just("field"), "field": texts}),
    )
    owner = {"owner": st.sampled_from(people)} if people else {}
    finish = st.fixed_dictionaries({"milestone": texts}, optional={"target": st.dates(min_value=start)})
    deliverable = st.fixed_dictionaries(
        {"name": texts},
        optional={"due": days, "acceptance": st.lists(texts, max_size=2), "label": texts, "epic": texts}
        | owner,
    )
    optional = {
        "start": st.just(start),
        "finish": finish,
        "unit": st.sampled_from(["points", "hours"]),
        "unestimated": st.sampled_from(["exclude", "median", "one"]),
        "ties": st.fixed_dictionaries(
            {}, optional={"keys": st.just([r"PAY-\d+", "X.+"]), "suggest_by_title": st.booleans()}
        ),
        "masters": st.fixed_dictionaries(
            {}, optional={field: st.sampled_from(used) for field in ("dates", "estimate", "status")}
        ),
        "dimensions": st.dictionaries(texts, dimension, max_size=2),
        "deliverables": st.dictionaries(texts, deliverable, max_size=2),
        "limits": st.fixed_dictionaries({}, optional={"slip": limits, "scope": limits, "stale": durations}),
        "scope_grace": durations,
        "recovery": texts,
        "rules": st.fixed_dictionaries({}, optional=_rules(used)),
        "guard": st.fixed_dictionaries({}, optional={"run": st.sampled_from([0.1, 1]), "free": st.just(3)}),
        "freeze": st.lists(ranges, max_size=2),
        "period": st.sampled_from(["mon", "fri"]),
    }
    return draw(st.fixed_dictionaries({"name": texts, "sources": st.just(sources)}, optional=optional))


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """A whole valid tree, as the TOML reader would give it."""
    connections = draw(st.dictionaries(names, st.one_of(boards, sheets), min_size=1, max_size=3))
    kinds = {name: connection["kind"] for name, connection in connections.items()}
    people = draw(st.lists(names, max_size=3, unique=True))
    persons = {
        person: draw(
            st.fixed_dictionaries(
                {"name": texts},
                optional={
                    "accounts": st.dictionaries(st.sampled_from(sorted(kinds)), st.just(f"id-{person}")),
                    "role": st.sampled_from(["developer", "tester"]),
                    "capacity": st.sampled_from([0, 0.8, 1]),
                    "absent": st.lists(ranges, max_size=2),
                },
            )
        )
        for person in people
    }
    whose = [st.just({}), st.just({"role": "developer"})]
    if people:
        whose.append(st.fixed_dictionaries({"person": st.sampled_from(people)}))
    when = st.fixed_dictionaries(
        {"from": days, "rate": shares}, optional={"currency": st.sampled_from(["USD", "GBP"])}
    )
    rate = st.builds(lambda dated, of: dated | of, when, st.one_of(whose))
    exchange = st.fixed_dictionaries(
        {"from": st.just("EUR"), "to": st.just("GBP"), "on": days, "rate": st.just(0.865)}
    )
    rates = st.fixed_dictionaries(
        {"roles": st.just({"developer": 92.5})},
        optional={
            "currency": st.sampled_from(["EUR", "GBP"]),
            "default": shares,
            **({"people": st.just({people[0]: 77.5})} if people else {}),
            "dated": st.lists(rate, max_size=2),
            "exchange": st.lists(exchange, max_size=2),
        },
    )
    tree = {"version": 1, "connections": connections}
    optional: dict[str, Any] = {
        "general": draw(generals),
        "projects": {
            name: draw(projects(kinds, people, number))
            for number, name in enumerate(draw(st.lists(names, max_size=2, unique=True)))
        },
        "mapping": {"status": draw(status_maps())},
        "people": persons,
        "rates": draw(rates),
    }
    kept = draw(st.sets(st.sampled_from(sorted(optional))))
    if any(project.get("deliverables") for project in optional["projects"].values()) and people:
        kept |= {"people"}
    if "rates" in kept:
        kept |= {"people"}
    return tree | {name: optional[name] for name in sorted(kept)}
