"""The templates cannot forget to escape: nothing in them puts text where it would act."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import StrictUndefined, UndefinedError, nodes

import reports.render
from reports.render.html import environment

FOLDER = Path(reports.render.__file__).parent / "templates"
ROOT = FOLDER.parents[2]
OURS = {"style", "style_digest"}
"""Values made by us that may stand in <style> and in the policy."""
HOLE = re.compile("\x00(\\d+)\x00")
VOID_OF_TEXT = {"style", "script", "template", "noscript", "iframe", "textarea", "xmp", "plaintext"}
ACTING = re.compile(r"on.*|style|srcdoc|formaction|action|background|xlink:href|http-equiv", re.IGNORECASE)
Hole = tuple[nodes.Expr, tuple[nodes.Expr, ...]]
"""A value of the template and the tests that stand around it."""
ADDRESSED = {"href", "src", "cite", "data", "poster", "ping"}


def faults(source: str) -> list[str]:
    """What is wrong with a template, in words."""
    tree = environment().parse(source)
    found = [f"filter {node.name}" for node in tree.find_all(nodes.Filter) if node.name in {"safe", "tojson"}]
    found += [
        type(node).__name__ for node in tree.find_all((nodes.MarkSafe, nodes.ScopedEvalContextModifier))
    ]
    found += [
        f"call of {node.node.name}"
        for node in tree.find_all(nodes.Call)
        if isinstance(node.node, nodes.Name) and node.node.name == "Markup"
    ]
    holes: list[Hole] = []
    text = "".join(flattened(tree, holes, ()))
    return found + list(misplaced(text, holes))


def flattened(node: nodes.Node, holes: list[Hole], guards: tuple[nodes.Expr, ...]) -> Iterator[str]:
    """The template's own text in order, every branch of it, with a numbered hole for each value."""
    if isinstance(node, nodes.Output):
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                yield part.data
            else:
                holes.append((part, guards))
                yield f"\x00{len(holes) - 1}\x00"
    elif isinstance(node, nodes.If):
        for child in node.body:
            yield from flattened(child, holes, (*guards, node.test))
        for child in (*node.elif_, *node.else_):
            yield from flattened(child, holes, guards)
    else:
        for child in node.iter_child_nodes():
            yield from flattened(child, holes, guards)


def misplaced(text: str, holes: list[Hole]) -> Iterator[str]:
    """Values in a tag, an unquoted or acting attribute, a comment, or an element that holds no text."""
    raw = ""
    position = 0
    token = re.compile(r"<!--.*?-->|<!?/?[A-Za-z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>|[^<]+|<", re.DOTALL)
    for found in token.finditer(text):
        piece = found.group()
        assert found.start() == position
        position = found.end()
        if piece.startswith("<!--"):
            yield from (f"value {named(holes, hole)} in a comment" for hole in HOLE.findall(piece))
        elif piece.startswith("<") and len(piece) > 1:
            name = re.match(r"<!?/?([A-Za-z][A-Za-z0-9]*)", piece)
            assert name is not None
            yield from in_tag(piece, holes)
            raw = (
                "" if piece.startswith("</") else name[1].lower() if name[1].lower() in VOID_OF_TEXT else raw
            )
        elif raw:
            for hole in HOLE.findall(piece):
                if named(holes, hole) not in OURS:
                    yield f"value {named(holes, hole)} in <{raw}>"


def in_tag(tag: str, holes: list[Hole]) -> Iterator[str]:
    attribute = re.compile(r"([^\s\"'<>/=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
    for name, double, single in attribute.findall(tag):
        value = double or single
        for hole in HOLE.findall(value):
            said = named(holes, hole)
            if (ACTING.fullmatch(name) or single) and said not in OURS:
                yield f"value {said} in attribute {name}"
            if name in ADDRESSED and not value.startswith("#") and not guarded(*holes[int(hole)]):
                yield f"unchecked address {said} in attribute {name}"
    for hole in HOLE.findall(attribute.sub("", tag)):
        yield f"value {named(holes, hole)} in a tag, unquoted"


def guarded(value: nodes.Expr, guards: tuple[nodes.Expr, ...]) -> bool:
    """Whether the value stands where `linkable(value)` was asked first."""
    return any(
        isinstance(test, nodes.Call)
        and isinstance(test.node, nodes.Name)
        and test.node.name == "linkable"
        and test.args == [value]
        for test in guards
    )


def named(holes: list[Hole], hole: str) -> str:
    value = holes[int(hole)][0]
    return value.name if isinstance(value, nodes.Name) else repr(value)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.j2")), ids=lambda path: path.name)
def test_no_template_puts_a_value_where_it_would_act(path):
    assert faults(path.read_text(encoding="utf-8")) == []


def test_there_is_no_template_that_the_factory_does_not_know():
    assert {path.suffix for path in FOLDER.iterdir()} == {".j2", ".css"}
    assert "{{" not in (FOLDER / "page.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "source",
    [
        "{{ x|safe }}",
        "{{ x|upper|safe }}",
        "<p>{{ Markup(x) }}</p>",
        "{% autoescape false %}{{ x }}{% endautoescape %}",
        "<p class={{ x }}>",
        "<p {{ x }}>",
        "<p {% if y %}{{ x }}{% endif %}>",
        "<p title='{{ x }}'>",
        '<p onclick="{{ x }}">',
        '<p style="color: {{ x }}">',
        "<script>{{ x }}</script>",
        "<style>{{ x }}</style>",
        "<style>{% for s in x %}{{ s }}{% endfor %}</style>",
        '<a href="{{ x }}">y</a>',
        '<a href="https://{{ x }}">y</a>',
        '{% if linkable(y) %}<a href="{{ x }}">y</a>{% endif %}',
        '{% if linkable(x) %}y{% else %}<a href="{{ x }}">y</a>{% endif %}',
        '<img src="{{ x }}">',
        "<!-- {{ x }} -->",
        '<iframe srcdoc="{{ x }}"></iframe>',
    ],
)
def test_a_template_that_forgets_is_found(source):
    assert faults(source)


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ x }}</p>",
        '<p title="a {{ x }}">',
        '{% if linkable(x) %}<a href="{{ x }}">y</a>{% endif %}',
        '<a href="#{{ x }}">',
    ],
)
def test_a_template_that_escapes_is_let_pass(source):
    assert faults(source) == []


def test_the_factory_escapes_every_template_and_refuses_what_is_missing():
    made = environment()
    assert made.autoescape is True
    assert made.undefined is StrictUndefined
    assert made.from_string("{{ x }}").render(x="<\x1b'\"&") == "&lt;\ufffd&#39;&#34;&amp;"
    with pytest.raises(UndefinedError):
        made.from_string("{{ x }}").render()


def test_text_is_declared_to_be_markup_in_one_module_alone():
    places = set()
    for folder in ("config", "connectors", "model", "reports", "sandbox", "service", "sync"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if "Markup" not in source and "__html__" not in source:
                continue
            tree = ast.parse(source)
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            if names & {"Markup", "HtmlSafeString", "__html__"}:
                places.add(path.relative_to(ROOT).as_posix())
    assert places == {"reports/render/html.py"}
