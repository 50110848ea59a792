"""The objects of one answer to a read of properties, out of its bytes: the standard library's expat parser, and tables.

Rules of this file: what is not known for certain raises `NotKnown`; nothing is guessed. An element inside the result
that has a prefix is not known, and every attribute is looked at. Nothing here looks at the clock or at the length of
the body: that is the business of who feeds it.
"""

from __future__ import annotations

from typing import Any, NoReturn
from xml.parsers import expat

from pyVmomi.SoapAdapter import XMLNS_SOAPENV

from vsphere_motion.vcenter.page_grammar import RESULT, Grammar, Page, Scope, require_room, said_by
from vsphere_motion.vcenter.value_forms import VIM, Field, NotKnown, Structure, Target

MAX_DEPTH = 64

_AROUND = ((XMLNS_SOAPENV, "Envelope"), (XMLNS_SOAPENV, "Body"))


class PageDecoder:
    """Decodes one answer, piece by piece.

    Args:
        method: whose answer it is, as the server spells it.
    """

    __slots__ = (
        "_answer",
        "_around",
        "_current",
        "_fields",
        "_grammar",
        "_leaf",
        "_outside",
        "_parser",
        "_property",
        "_scope",
        "_stack",
        "_target",
        "_texts",
        "_value",
    )

    def __init__(self, grammar: Grammar, method: str) -> None:
        self._grammar = grammar
        self._answer = Structure({RESULT: grammar.result})
        self._outside = [*_AROUND, (VIM, f"{method}Response")]
        self._scope = grammar.outermost
        self._stack: list[tuple[Target, dict[str, Field], Scope, Field, Any]] = []
        self._target: Target = {RESULT: []}
        self._fields = self._answer.fields
        self._current = Field(None, None, structure=self._answer)
        self._value: Any = None
        self._property = grammar.property
        self._around: tuple[Target, dict[str, Field]] | None = None  # what a property that is being read stands in
        self._leaf: Field | None = None
        self._texts: list[str] = []
        self._parser = _parser(self._start_outside, self._end, self._texts)

    def feed(self, piece: bytes) -> None:
        """Decode the next piece.

        Raises:
            NotKnown: something in it is not known.
            ExpatError, LookupError, ValueError, TypeError, AttributeError: something in it is wrong.
        """
        self._parser.Parse(piece, False)

    def finish(self) -> Page:
        """The objects, when all was fed."""
        self._parser.Parse(b"", True)
        if self._outside or len(self._target[RESULT]) != 1:
            raise NotKnown("no result, or more than one")
        page: Page = self._target[RESULT][0]
        return page

    def _start_outside(self, tag: str, attributes: list[str]) -> None:
        """An element around the result: they come in one order, and each of them once."""
        self._scope = self._scope.within(attributes)
        if not self._outside or said_by(attributes, self._scope) or self._scope.split(tag) != self._outside.pop(0):
            raise NotKnown(f"element {tag}")
        if not self._outside:
            self._parser.StartElementHandler = self._start

    def _start(self, tag: str, attributes: list[str]) -> None:
        """It and `_end` are called for every element: each further call from here costs a tenth of the time."""
        if self._leaf is not None:
            raise NotKnown(f"{tag} in a text")
        try:
            field = self._fields[tag]
        except KeyError:
            field = self._new_field(tag)
        scope = self._scope
        if attributes:
            known = scope.meanings.get((field, *attributes))
            field, scope = known if known is not None else self._new_meaning(field, attributes)
        if self._texts:
            self._texts.clear()
        if field.convert is not None:
            self._leaf = field
            return
        structure = field.structure
        if structure is self._property and scope is self._scope:
            self._around, self._target, self._fields = (self._target, self._fields), {}, structure.fields
            return
        if structure is None or len(self._stack) > MAX_DEPTH:
            raise NotKnown(f"what is in {field.key}")
        self._stack.append((self._target, self._fields, self._scope, self._current, self._value))
        self._current, self._scope, self._fields = field, scope, structure.fields
        self._value, self._target = structure.begin()

    def _end(self, tag: str) -> None:
        value: Any
        field = self._leaf
        if field is not None:
            self._leaf = None
            value = "".join(self._texts)
            if not field.is_text:
                assert field.convert is not None
                value = field.convert(value)
        elif self._around is not None and self._fields is self._property.fields:
            value = self._target
            (self._target, self._fields), self._around = self._around, None
            self._target["propSet"].append(value)
            return
        elif self._stack:
            field, value = self._current, self._value
            structure = field.structure
            assert structure is not None
            for name in structure.needed:
                if self._target[name] is None:
                    raise NotKnown(f"{name} is missing")
            if structure.finish is not None:
                value = structure.finish(value)
            self._target, self._fields, self._scope, self._current, self._value = self._stack.pop()
        else:
            self._finish_answer()
            return
        if field.repeats:
            self._target[field.key].append(value)
        else:
            self._target[field.key] = value

    def _finish_answer(self) -> None:
        """Behind the answer only the ends of what is around it may come."""
        self._parser.StartElementHandler = _refuse
        self._parser.EndElementHandler = None

    def _new_field(self, tag: str) -> Field:
        structure = self._current.structure
        assert structure is not None
        field = structure.fields[tag] = structure.field(tag)
        return field

    def _new_meaning(self, field: Field, attributes: list[str]) -> tuple[Field, Scope]:
        require_room(self._scope.meanings)
        meaning = self._grammar.meaning(field, attributes, self._scope)
        self._scope.meanings[(field, *attributes)] = meaning
        return meaning


def _parser(start: Any, end: Any, texts: list[str]) -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def _refuse(*_: object) -> NoReturn:
    raise NotKnown("a document type, or an element behind the answer")
