"""Forty names that somebody who may name a VM can choose, and what no output of this program may hold because of them.

A name is what a person with little rights writes and an administrator reads: in a terminal, a log, a report, a build
server. `CARRIED` are those that XML can carry, so that a vCenter can have them; the rest reach us through nothing but a
defect, and are tried all the same where no vCenter is in between.
"""

from __future__ import annotations

import html.parser
import re
from dataclasses import dataclass, field

NAMES = (
    "\x1b[2J\x1b[H",
    "\x1b]0;owned\x07",
    "\x1b]8;;http://evil.invalid\x1b\\click\x1b]8;;\x1b\\",
    "\x1bc\x1b(0",
    "a\x08\x08\x08b",
    "a\x00b",
    "a\x7fb",
    "a\rerror: all is well",
    "a\nerror: all is well",
    "a\r\n2026-11-22T19:56:44Z run r-1 web01 done",
    "a\tb",
    "a\x0bb\x0cc",
    "\x9b31mred",
    "\x9d0;owned\x9c",
    "a\x85b",
    "a\u2028b\u2029c",
    "\u202egpj.exe",
    "\u2066a\u2069\u2067b",
    "\u200ba\u200db\ufeff",
    "\U000e0041\U000e0042tag",
    "\u00adsoft\u061c",
    "[bold red]x[/bold red]",
    "[/]",
    "[link=http://evil.invalid]x[/link]",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style><b>&lt;",
    "]]><!-- --><![CDATA[",
    '=HYPERLINK("http://evil.invalid")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "{{ lookup('pipe','id') }}{% raw %}",
    "../../../etc/passwd",
    "CON",
    "a%2fb%5cc%25",
    "````\n# heading\n````",
    "n" * 300,
    "e\u0301\u0323 \U0001f468\u200d\U0001f469 \u0430dmin -rf $(id) `id` ; |",
)
"""The forty, each of another kind."""

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CARRIED = tuple(name for name in NAMES if not _NOT_IN_XML.search(name) and "\r" not in name)
"""Those that a SOAP answer brings as they are: XML has no other control characters, and a line feed for `\\r`."""

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
BIDI = re.compile(
    "[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def obeyed(text: str) -> list[str]:
    """The characters of a text that a terminal would obey or a reader could not see."""
    return [*CONTROL.findall(text), *BIDI.findall(text)]


@dataclass
class Elements(html.parser.HTMLParser):
    """What a browser would make of a page: its elements with their attributes' names, and its comments."""

    found: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.found.append(("!--", (data,)))

    def unknown_decl(self, data: str) -> None:
        self.found.append(("![", (data,)))

    def handle_pi(self, data: str) -> None:
        self.found.append(("?", (data,)))


def elements_of(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """The elements of a page, in their order."""
    parser = Elements()
    parser.feed(page)
    parser.close()
    return parser.found
