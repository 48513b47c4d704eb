"""Who may see what: nothing is written from a narrower audience to a wider one, and doubt refuses: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from config.rules import AUDIENCES, lies_within
from config.settings import Config, SourceSettings
from model.values import Issue

__all__ = ["LEVEL", "Audiences", "audiences_of"]

LEVEL = "security level"
"""The attribute in which a connector tells that only some may see an issue."""

VISIBILITY = "visibility"
"""The attribute in which a connector tells who sees an issue's place, such as a repository turned public."""


@dataclass(frozen=True, slots=True)
class Audiences:
    """`wider`: audience -> those it lies within; `places`: source -> who sees it; `levels`: level -> who."""

    wider: Mapping[str, Iterable[str]]
    places: Mapping[tuple[str, str], str]
    levels: Mapping[str, str]

    def of(self, issue: Issue) -> str | None:
        """Who sees an issue: its source's audience, or the narrower one of its level; None: in doubt."""
        place = self.places.get((issue.ref.connection, issue.source))
        if place is None or place not in self.wider:
            return None
        if self._contradicted(issue):
            return None
        told = dict(issue.attributes)
        if LEVEL not in told:
            return place
        narrow = self.levels.get(told[LEVEL].casefold())
        return narrow if narrow is not None and self.within(narrow, place) else None

    def is_open(self, issue: Issue) -> bool:
        """Whether anybody at all may see the issue's place, and so perhaps write there."""
        place = self.places.get((issue.ref.connection, issue.source))
        return "public" in (place, dict(issue.attributes).get(VISIBILITY))

    def _contradicted(self, issue: Issue) -> str:
        """What the tracker says of who sees the issue's place, where only one of it and the config has it
        for public; "": nothing.
        """
        place = self.places.get((issue.ref.connection, issue.source))
        shown = dict(issue.attributes).get(VISIBILITY, "")
        return shown if shown and (shown == "public") != (place == "public") else ""

    def within(self, narrow: str, wide: str) -> bool:
        """Whether everybody of the one belongs to the other."""
        return lies_within(narrow, wide, self.wider)

    def refusal(self, origin: Issue, target: Issue | None, place: tuple[str, str]) -> str:
        """Why nothing of `origin` may be written to `target`, or to a new issue of a source; "": it may."""
        seen = self.of(origin)
        seers = self.of(target) if target is not None else self.places.get(place)
        for each in (origin, target):
            if each is not None and (shown := self._contradicted(each)):
                return (
                    f"{each.key} is in a place that is {shown}, and the config says otherwise; correct that, "
                    f"or visibility under [connections.{each.ref.connection}]"
                )
        if seen is None:
            return (
                f"nobody can say who may see {origin.key}; name its security level under [audiences], or set "
                f"visibility under [connections.{origin.ref.connection}]"
            )
        if seers is None:
            where = target.key if target is not None else place[1]
            return f"nobody can say who sees {where}; set visibility under [connections.{place[0]}]"
        if not self.within(seers, seen):
            where = f"{place[1]} of {place[0]}"
            return f"{origin.key} is for {seen}, and {where} is seen by {seers}; keep them apart"
        return ""

    def seen(self, origin: Issue, target: Issue | None, source: SourceSettings) -> str:
        """As `refusal`, for the one place that sends writes."""
        return self.refusal(origin, target, (source.connection, source.key))


def audiences_of(config: Config) -> Audiences:
    """The audiences that the config declares, and those of its sources."""
    wider = {name: set(others) for name, others in AUDIENCES.items()}
    levels: dict[str, str] = {}
    for name, audience in config.audiences.items():
        wider.setdefault(name, set()).update(audience.within)
        levels |= {level.casefold(): name for level in audience.levels}
    places = {
        (source.connection, source.key): source.visibility or config.connections[source.connection].visibility
        for project in config.projects.values()
        for source in project.sources
    }
    return Audiences({name: tuple(sorted(each)) for name, each in wider.items()}, places, levels)
