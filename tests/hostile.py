"""Text that somebody wrote to be obeyed instead of read, and addresses that pretend to be a tracker's.

`PAYLOADS` maps a name to each text, `ADDRESSES` holds what may never become a link on a page whose trackers
live at https://jira.example alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

__all__ = ["ADDRESSES", "PAYLOADS", "VAST"]

_ACT = "alert(1)"
_BREAKS = ("", '">', "'>", "--></td></tr></table>", "</title></style></script></textarea>")
_ELEMENTS = (
    f"<script>{_ACT}</script>",
    f"<ScRiPt/x>{_ACT}//",
    f"<img src=x onerror={_ACT}>",
    f"<svg/onload={_ACT}>",
    f"<svg><a href='javascript:{_ACT}'><text y=20>x</text></a></svg>",
    f"<svg><animate onbegin={_ACT} attributeName=x></svg>",
    "<svg><image href='http://evil.example/p.png'/></svg>",
    "<svg><foreignObject><iframe src=//evil.example></iframe></foreignObject></svg>",
    "<math><mtext><mglyph><style><!--</style><img src=x>",
    "<iframe srcdoc='&lt;script&gt;1&lt;/script&gt;'></iframe>",
    "<style>@import 'http://evil.example/x.css';</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    f"<form action=//evil.example><button formaction=javascript:{_ACT}>x",
    f"<details open ontoggle={_ACT}>",
    "<template><b>",
    "<plaintext>",
    "<!--",
    "<![CDATA[ x ]]>",
)
_ATTRIBUTES = (
    f'" onmouseover="{_ACT}',
    f"' onfocus='{_ACT}' autofocus='",
    '" style="background:url(//evil.example)" x="',
    f"` onclick=`{_ACT}",
    f" onpointerenter={_ACT} ",
    '" id="report" class="chip',
    "&quot; onload=&quot;x",
    "&#34;&#62;&#60;b&#62;",
    "\\u003cscript\\u003e",
    "\\x3cb\\x3e",
    "%3Cscript%3E",
    "＜script＞",
    "+ADw-script+AD4-",
)
_STYLES = (
    "} body { display: none } x {",
    "</style>",
    "expression(alert(1))",
    "url(//evil.example/x)",
    "/*",
    "*/",
)
_RICH = (
    "[/x]",
    "[/]",
    "[bold]x",
    "[link=http://evil.example]x[/link]",
    "[red on white]x[/]",
    "[@click=app.quit]x[/]",
    "[blink]",
    "\\[bold]",
    ":smile: :warning:",
    "[#ff0000]",
)
_ESCAPES = (
    "[31mred",
    "[2J",
    "[1A",
    "[6n",
    "[?1049h",
    "[?25l",
    "]0;title\x07",
    "]8;;http://evil.example\x07x]8;;\x07",
    "]52;c;ZXZpbA==\x07",
    "]1337;File=name=eA==:x\x07",
    "P+q544e\\",
    "_Gi=1;x\\",
    "^x\\",
    "c",
    "(0lqqk",
)
_INVISIBLE = (
    *("\x00", "\x07", "\b\b\b", "\t", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\x9b31m"),
    *("\u00ad", "\u061c", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029"),
    *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2060", "\u2062", "\u2066", "\u2067", "\u2068"),
    *("\u2069", "\u206f", "\ufeff", "\ufff9", "\ufffb", "\U000e0001", "\U000e0041\U000e007f"),
    *("\ud800", "\udfff", "\udc80", "\ud83d", "\ufffe", "\uffff", "\U0010ffff", "\ue000"),
)
_BIDI = (
    "PROJ-1\u202e1-JORP",
    "\u2067PROJ-1\u2069 done",
    "אבג PROJ-1",
    "مرحبا (2026) 12%",
    "abc אבג 123 مرحبا",
    "\u202eevil\u202c\u202egnp.exe",
    "ПROJ-1",
    "ΡROJ‑1",
)
_WIDE = (
    "漢字とかな" * 20,
    "한국어 제목",
    "😀🚀🇬🇧",
    "👩‍💻 👨‍👩‍👧‍👦",
    "é e\u0301 " + "a" + "\u0301" * 40,
    "ＦＵＬＬ ＷＩＤＴＨ",
    "ทดสอบ नमस्ते",
    "﷽" * 5,
    "\u3000x\u3000",
    "a" * 600,
    "ab " * 200,
    "<b>" * 200,
    "漢" * 300,
    "[" * 150 + "(" * 150,
)
_MARKDOWN = (
    "![x](http://evil.example/p.png)",
    "[x](javascript:alert(1))",
    "[x](<http://evil.example>)",
    "[x][1]\n\n[1]: http://evil.example",
    "[^1]\n\n[^1]: note",
    "<http://evil.example>",
    "<a@evil.example>",
    "a@evil.example",
    "mailto:a@evil.example",
    "xmpp:a@evil.example",
    "http://evil.example",
    "ftp://evil.example",
    "www.evil.example",
    "WWW.evil.example/a(b)",
    "evil.example",
    "# x",
    "###### x #",
    "x\n===",
    "x\n---",
    "***",
    "- - -",
    "- x",
    "+ x",
    "* x",
    "1. x",
    "99) x",
    "- [x] task",
    "> x",
    "    code",
    "\tcode",
    "```\ncode",
    "~~~ js\ncode",
    "`code`",
    "``x` y``",
    "**x**",
    "__x__",
    "*x*",
    "_x_",
    "~~x~~",
    "| x | y |",
    "a | b\n--|--\n1 | 2",
    "\\",
    "x\\",
    "x  \ny",
    "&lt;b&gt; &amp; &#60;",
    "$$x$$ $`y`$",
    "@team #12 GH-1 acme/x#2",
    ":::note\nx\n:::",
    "\n\n# x",
    "\n\n    code",
    "x\n\n- y",
    "(c) -- ... 'q'",
    "!",
    "](http://evil.example)",
    "<!-- x -->",
    "<details>\n\n# x",
)
_FORMULAS = (
    "=cmd|'/c calc'!A0",
    '=HYPERLINK("http://evil.example","x")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    "%0A=1+1",
    '"=1+1',
    "external:\\\\evil\\share",
    "DDE(x;y)",
)
_HEADERS = (
    "x\r\nBcc: a@evil.example",
    "x\nSubject: y",
    "=?utf-8?q?=0d=0aBcc:_a=40evil.example?=",
    "x\u2028Bcc: y",
    "x\r\n\r\n<html>",
    "x\0Bcc: y",
)
_PLACEHOLDERS = (
    "{{7*7}}",
    "{% raw %}",
    "{# x #}",
    "{{ ''.__class__.__mro__ }}",
    "{% include '/etc/passwd' %}",
    "{x}",
    "{0}",
    "{page.title.__class__}",
    "{",
    "}}",
    "%s %(x)s %n",
    "$title ${x}",
    "<%= 7*7 %>",
    "#{7*7}",
    "${7*7}",
    "\\g<1> \\1",
    "datum.c0",
    "{'expr': 'x'}",
    '{"url": "http://evil.example"}',
)
_WORDS = (
    *("null", "None", "NaN", "Infinity", "undefined", "true", "0", "-0", "1e999", "m0", "c2", "report", "f1"),
    *("'; DROP TABLE issue; --", "../../etc/passwd", "C:\\x", "\\\\evil\\share", "~", "constructor"),
    *("__proto__", " ", "  x  ", '"', "'", "`", "\\", "/", "<", ">", "&", "."),
)
_SCHEMES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript://jira.example/%0aalert(1)",
    "data:text/html,<script>1</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://jira.example/x",
    "view-source:https://jira.example",
    "mailto:a@jira.example",
)

ADDRESSES: tuple[str, ...] = (
    *_SCHEMES,
    "",
    "jira.example",
    "//jira.example/x",
    "/browse/A-1",
    "#x",
    "https:jira.example",
    "https:/jira.example",
    "https:///jira.example",
    "https:\\\\jira.example",
    "http://jira.example/browse/A-1",
    "https://jira.example:8443/browse/A-1",
    "https://jira.example@evil.example/",
    "https://a@jira.example/",
    "https://a:b@jira.example/",
    "https://jira.example.evil.example/",
    "https://evil.example/https://jira.example",
    "https://evil.example#https://jira.example/",
    "https://evil.example?https://jira.example/",
    "https://evil.example\\@jira.example/",
    "https://jira.example\\.evil.example/",
    "https://jira.example\t/x",
    "https://jira.example/\nx",
    "https://jira.example /x",
    "https://jira。example/",
    "https://jırа.example/",
    "https://xn--jra-fpa.example/",
    "https://jira%2eexample/",
    "https://jira.example%00.evil.example/",
    "https://jira.example./x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]:80/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://jira.example\u202e/x",
    'https://jira.example/" onmouseover="alert(1)',
    "https://jira.example/<script>",
    "https://jira.example/x)![y](http://evil.example",
    "HTTPS://JIRA.EXAMPLE/x",
)


def _all() -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "element", tuple(f"{end}{element}" for end, element in product(_BREAKS, _ELEMENTS))
    yield "attribute", _ATTRIBUTES
    yield "style", _STYLES
    yield "address", ADDRESSES[: len(_SCHEMES)] + tuple(filter(None, ADDRESSES[len(_SCHEMES) :]))
    yield "rich", _RICH
    yield "escape", tuple(f"x{start}{rest}y" for start, rest in product(("\x1b",), _ESCAPES))
    yield (
        "c1",
        tuple(f"x{start}{rest}" for start, rest in zip("\x9b\x9d\x90\x9f\x98", _ESCAPES, strict=False)),
    )
    yield "invisible", tuple(f"a{character}b" for character in _INVISIBLE)
    yield "edge", tuple(f"{c}- x{c}" for c in ("\n\n", "\r", "\u2028", "\x85", "\u3000", "\t", "    "))
    yield "bidi", _BIDI
    yield "wide", _WIDE
    yield "markdown", _MARKDOWN
    yield "formula", _FORMULAS
    yield "header", _HEADERS
    yield "placeholder", _PLACEHOLDERS
    yield "word", _WORDS


VAST: Mapping[str, str] = {
    "letters": "a" * 10_000,
    "words": "ab " * 3_333,
    "tags": "<b>" * 3_333,
    "ideographs": "漢" * 10_000,
    "brackets": "[" * 5_000 + "](" * 2_500,
    "stars": "*_" * 5_000,
    "accents": "e" + "\u0301" * 9_999,
    "marks": "\u202e" * 10_000,
}
"""Ten thousand characters each."""

PAYLOADS: Mapping[str, str] = {
    f"{kind}-{number}": text for kind, texts in _all() for number, text in enumerate(texts)
}
