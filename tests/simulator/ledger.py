"""Who knew what: every value in the trackers with the edits that it takes account of.

A register is one field of one issue. An edit by a person adds itself to what the register has seen; a write
by the program may only replace a value whose edits its own value has seen too, else an edit is lost. Sets
are kept element by element. A person who puts a value back to where the program last left it did nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

from model.values import Ref

__all__ = ["Ledger", "Register"]

Name = tuple[Ref, str]
Rounding = Callable[[Ref, str, object], object]


@dataclass(frozen=True, slots=True)
class Register:
    """A field's value on one side, and the numbers of the edits that led to it."""

    ref: Ref
    value: object
    seen: frozenset[int] = frozenset()


@dataclass
class Ledger:
    """`owners`: field -> the connection that may overwrite; `free`: fields where the later one wins.

    `rounded` gives a value as an issue's tracker would hold it. `faults` collects what must never happen.
    """

    rounded: Rounding
    owners: Mapping[str, str]
    free: Collection[str]
    fields: Collection[str]
    faults: list[str] = field(default_factory=list)
    writes: int = 0
    edits: int = 0
    _now: dict[Name, Register] = field(default_factory=dict)
    _base: dict[Name, Register] = field(default_factory=dict)
    _past: dict[tuple[int, str], list[Register]] = field(default_factory=dict)
    _group: dict[Ref, int] = field(default_factory=dict)

    def tie(self, refs: Collection[Ref]) -> None:
        """These are the same work from now on."""
        groups = sorted({self._group[ref] for ref in refs if ref in self._group})
        number = groups[0] if groups else len(self._group)
        for ref in [*refs, *(other for other, group in self._group.items() if group in groups)]:
            self._group[ref] = number
        for (group, name), several in list(self._past.items()):
            if group in groups[1:]:
                self._past.setdefault((number, name), []).extend(several)

    def group(self, ref: Ref) -> tuple[Ref, ...]:
        """The issue with those that are the same work."""
        number = self._group.setdefault(ref, len(self._group))
        return tuple(sorted(other for other, group in self._group.items() if group == number))

    def begin(self, ref: Ref, values: Mapping[str, object]) -> None:
        """An issue as it was at the beginning."""
        for name, value in self._named(values):
            self._set(Register(ref, value), name)
            self._base[ref, name] = self._now[ref, name]

    def edit(self, ref: Ref, values: Mapping[str, object]) -> None:
        """A person sets these fields of an issue to these values."""
        for name, value in self._named(values):
            before = self._level(ref, name)
            if before is not None and before.value == value:
                continue
            self.edits += 1
            base = self._base.get((ref, name))
            if base is not None and base.value == value:
                self._set(base, name)
            else:
                seen = before.seen if before else frozenset()
                self._set(Register(ref, value, seen | {self.edits}), name)

    def write(self, ref: Ref, values: Mapping[str, object], why: str) -> None:
        """The program sets them; `why` names the moment in a fault's words."""
        self.writes += 1
        for name, value in self._named(values):
            before = self._level(ref, name)
            if before is None or before.value != value:
                self._write(ref, name, value, before, why)

    def decide(self, ref: Ref, name: str, sides: Collection[Ref]) -> None:
        """A person has looked at these sides and lets this one's value stand."""
        for each in self._elements(ref, name):
            seen = frozenset[int]().union(*(reg.seen for reg in self._sides(ref, each) if reg.ref in sides))
            if (ref, each) in self._now:
                self._set(replace(self._now[ref, each], seen=seen), each)

    def recall(self, ref: Ref, values: Mapping[str, object]) -> None:
        """A person has looked at every side and wants an issue to hold these values again."""
        for name, value in self._named(values):
            seen = frozenset[int]().union(*(reg.seen for reg in self._sides(ref, name)))
            self._remember(Register(ref, value, seen), name)

    def is_contested(self, refs: Collection[Ref], name: str) -> bool:
        """Whether two of these issues hold values of which neither takes account of the other's edits."""
        return any(
            not (one.seen <= other.seen or other.seen <= one.seen)
            for each in self._elements(min(refs), name)
            for one, other in combinations([self._now[r, each] for r in refs if (r, each) in self._now], 2)
        )

    def pairs(self, one: Ref, other: Ref, name: str) -> list[tuple[object, object]]:
        """What two issues hold in a field, element by element."""
        return [
            (self._now[one, each].value, self._now[other, each].value)
            for each in self._elements(one, name)
            if (other, each) in self._now
        ]

    def _write(self, ref: Ref, name: str, value: object, before: Register | None, why: str) -> None:
        seen = before.seen if before else frozenset()
        could = [
            past
            for past in self._past.get((self._number(ref), name), ())
            if self.rounded(ref, _field(name), past.value) == value
        ]
        if not could and not isinstance(value, bool):
            self.faults.append(f"{why}: {ref} {name} became {value!r}, which nobody ever wrote")
        knowing = [past for past in could if seen <= past.seen]
        if not knowing and not self._may(name, could):
            old = before.value if before else None
            self.faults.append(
                f"{why}: {ref} {name} = {value!r} trampled {old!r}, edit {max(seen, default=0)}"
            )
        source = max(knowing or could, key=lambda past: len(past.seen), default=None)
        after = Register(ref, value, seen | (source.seen if source else frozenset()))
        self._set(after, name)
        self._base[ref, name] = after
        if source is not None and self._now.get((source.ref, name)) == source:
            self._base[source.ref, name] = source

    def _may(self, name: str, could: Collection[Register]) -> bool:
        owner = self.owners.get(_field(name))
        return _field(name) in self.free or any(past.ref.connection == owner for past in could)

    def _level(self, ref: Ref, name: str) -> Register | None:
        """The register, after those of sides that say the same have shared what they have seen."""
        sides = self._sides(ref, name)
        finest = max(sides, key=lambda reg: len(reg.seen), default=None)
        if finest is not None and all(self._alike(name, one, two) for one in sides for two in sides):
            seen = frozenset[int]().union(*(reg.seen for reg in sides))
            for reg in sides:
                self._set(replace(reg, seen=seen), name)
                self._base[reg.ref, name] = self._now[reg.ref, name]
        return self._now.get((ref, name))

    def _alike(self, name: str, one: Register, other: Register) -> bool:
        """Whether one of the two is what that side would hold of the other."""
        field = _field(name)
        return (
            self.rounded(one.ref, field, other.value) == one.value
            or self.rounded(other.ref, field, one.value) == other.value
        )

    def _sides(self, ref: Ref, name: str) -> list[Register]:
        return [self._now[other, name] for other in self.group(ref) if (other, name) in self._now]

    def _elements(self, ref: Ref, name: str) -> list[str]:
        return sorted({each for other, each in self._now if other == ref and _field(each) == name})

    def _set(self, register: Register, name: str) -> None:
        self._now[register.ref, name] = register
        self._remember(register, name)

    def _remember(self, register: Register, name: str) -> None:
        past = self._past.setdefault((self._number(register.ref), name), [])
        if register not in past:
            past.append(register)

    def _number(self, ref: Ref) -> int:
        return self._group.setdefault(ref, len(self._group))

    def _named(self, values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        for name, value in sorted(values.items()):
            if name not in self.fields:
                continue
            if isinstance(value, Mapping):
                yield from ((f"{name}:{element}", there) for element, there in sorted(value.items()))
            else:
                yield name, value


def _field(name: str) -> str:
    return name.partition(":")[0]
