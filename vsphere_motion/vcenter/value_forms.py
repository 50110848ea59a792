"""What an element of an answer becomes, derived from pyVmomi's own description of the vSphere API.

pyVmomi looks its types up anew for every element; here each place in each structure is looked up once, when it is first
met, and remembered. What comes out is what pyVmomi's own reader makes, of the very same classes. What is not understood
for certain raises `NotKnown`, and pyVmomi reads the answer instead.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from pyVmomi import Iso8601, VmomiSupport
from pyVmomi.SoapAdapter import SoapDeserializer
from pyVmomi.VmomiSupport import DataObject, Enum, ManagedMethod, ManagedObject, binary

from vsphere_motion.vcenter.property_types import structures_of

VIM = "urn:vim25"
Convert: TypeAlias = Callable[[str], Any]
Finish: TypeAlias = Callable[[Any], Any]
Target: TypeAlias = dict[Any, Any]
"""Where the fields of a structure are put while it is read."""

_BOOLS = {"true": True, "false": False, "1": True, "0": False}
_LOCALIZED: Any = VmomiSupport.GetVmodlType("vmodl.LocalizedMethodFault")
_new_reader: Any = SoapDeserializer
_look_up: Any = _new_reader().LookupWsdlType


class NotKnown(Exception):
    """Something in the answer is not known for certain."""


class Structure:
    """What has elements inside.

    Attributes:
        fields: the fields by their tags, as far as they were met.
        needed: what must not be missing at its end.
        finish: makes what stands for the value when all its elements were read; None: the value itself.
    """

    __slots__ = ("fields", "finish", "needed")

    def __init__(
        self, fields: dict[str, Field] | None = None, needed: tuple[str, ...] = (), finish: Finish | None = None
    ) -> None:
        self.fields = {} if fields is None else fields
        self.needed = needed
        self.finish = finish

    def field(self, tag: str) -> Field:
        """The field of a tag that was not met before.

        Raises:
            NotKnown: there is none.
        """
        raise NotKnown(f"element {tag}")

    def begin(self) -> tuple[Any, Target]:
        """A new value, and where its fields go."""
        raise NotImplementedError


class Field:
    """A place in a structure, and what stands there.

    Args:
        key: where its value goes.
        declared: pyVmomi's type of one value.
        repeats: whether it holds any number of values.
        convert: makes the value of the text; None for a structure, and where an attribute has to tell the type.
        structure: what is inside; None for a text, and where an attribute has to tell the type.
    """

    __slots__ = ("convert", "declared", "is_text", "key", "repeats", "structure")

    def __init__(
        self,
        key: Any,
        declared: Any,
        *,
        repeats: bool = False,
        convert: Convert | None = None,
        structure: Structure | None = None,
    ) -> None:
        self.key = key
        self.declared = declared
        self.repeats = repeats
        self.convert = convert
        self.is_text = convert is str  # which needs no call
        self.structure = structure

    def holding(self, declared: Any, *, convert: Convert | None, structure: Structure | None = None) -> Field:
        """The same place with another type in it."""
        return Field(self.key, declared, repeats=self.repeats, convert=convert, structure=structure)


class DataStructure(Structure):
    """A data object of pyVmomi's class `kind`, made without its constructor, which looks at every field each time."""

    __slots__ = ("_kind", "_lists", "_unset", "_version")

    def __init__(self, kind: Any, version: str) -> None:
        super().__init__(needed=structures_of(kind)[0])
        whole = vars(kind())
        self._kind = kind
        self._version = version
        self._unset = {name: value for name, value in whole.items() if not isinstance(value, list)}
        self._lists = tuple((name, type(value)) for name, value in whole.items() if isinstance(value, list))

    def field(self, tag: str) -> Field:
        try:
            info = self._kind._GetPropertyInfo(tag)
        except AttributeError:
            raise NotKnown(f"{self._kind.__name__} has no {tag}") from None
        repeats = issubclass(info.type, list)
        declared = info.type.Item if repeats else info.type
        return field_of(tag, declared, self._version, repeats=repeats, is_bare=self._kind is _LOCALIZED)

    def begin(self) -> tuple[Any, Target]:
        kind = self._kind
        value = kind.__new__(kind)
        target: Target = value.__dict__
        target.update(self._unset)
        for name, make in self._lists:
            target[name] = make()
        return value, target


class LocalizedFault(DataStructure):
    """The wrapper of a fault; the fault stands for it, with the words of the wrapper."""

    __slots__ = ()

    def __init__(self, version: str) -> None:
        super().__init__(_LOCALIZED, version)
        self.needed = ("fault",)
        self.finish = _unwrapped


class ArrayStructure(Structure):
    """A list by itself; every element in it is a member, whatever its tag."""

    __slots__ = ("_kind", "_member")

    def __init__(self, kind: Any, version: str) -> None:
        super().__init__()
        self._kind = kind
        self._member = field_of("", kind.Item, version, repeats=True)

    def field(self, tag: str) -> Field:
        if ":" in tag:
            raise NotKnown(f"{tag} in a list")
        return self._member

    def begin(self) -> tuple[Any, Target]:
        value = self._kind()
        return value, {"": value}


def field_of(key: str, declared: Any, version: str, *, repeats: bool = False, is_bare: bool = False) -> Field:
    """The place for values of pyVmomi's type `declared`.

    Args:
        version: pyVmomi's name of the API version that is spoken.
        is_bare: a fault stands there without its wrapper.

    Raises:
        NotKnown: the API of that version does not have the type.
    """
    fitting = VmomiSupport.GetCompatibleType(declared, version)
    if fitting is not declared and not repeats:
        raise NotKnown(f"{declared.__name__} is newer than {version}")
    convert, structure = form_of(fitting, version, is_bare=is_bare)
    return Field(key, fitting, repeats=repeats, convert=convert, structure=structure)


@cache
def form_of(declared: Any, version: str, *, is_bare: bool = False) -> tuple[Convert | None, Structure | None]:
    """How a value of this type is made; None and None where that is not known, or where an attribute has to tell it."""
    if declared is object or issubclass(declared, ManagedObject):
        return None, None
    if issubclass(declared, list):
        return None, ArrayStructure(declared, version)
    if issubclass(declared, Exception) and not is_bare:
        return None, LocalizedFault(version)
    if declared is _LOCALIZED:
        return None, None
    if issubclass(declared, DataObject):
        return None, DataStructure(declared, version)
    return _convert_of(declared), None


def type_named(namespace: str, name: str) -> Any:
    """pyVmomi's type of this name.

    Raises:
        NotKnown: there is none.
    """
    try:
        return _look_up(namespace, name, allowManagedObjectReference=True)
    except (LookupError, TypeError, AttributeError):
        raise NotKnown(f"type {name} of {namespace}") from None


def plainly(field: Field) -> Field:
    """The same place with Python's own types in it: its enums are strings, its longs integers."""
    plain = next((kind for kind in (int, str) if issubclass(field.declared, kind)), None)
    if plain is None or field.convert is None or field.declared in {plain, bool}:
        return field
    if issubclass(field.declared, Enum):
        return field.holding(
            field.declared, convert={str(word): str(word) for word in field.declared.values}.__getitem__
        )
    return field.holding(field.declared, convert=plain)


def _unwrapped(localized: Any) -> Any:
    localized.fault.msg = localized.localizedMessage
    return localized.fault


def _convert_of(declared: Any) -> Convert | None:
    if declared is bool:
        return _BOOLS.__getitem__
    if declared is ManagedMethod:
        return _method
    if declared is datetime:
        return _time
    if declared is binary:
        return _bytes
    if issubclass(declared, Enum):
        return {str(word): word for word in declared.values}.__getitem__
    return declared if issubclass(declared, (int, float, str)) else None


def _method(text: str) -> Any:
    if ":" in text:
        raise NotKnown(f"method {text}")
    with suppress(KeyError):
        return VmomiSupport.GetWsdlMethod(VIM, text)
    with suppress(KeyError):
        return VmomiSupport.GuessWsdlMethod(text)
    unknown: Any = VmomiSupport.UnknownManagedMethod
    return unknown(text)


def _bytes(text: str) -> Any:
    make: Any = binary
    return make(base64.b64decode(text))


def _time(text: str) -> datetime:
    parse: Any = Iso8601.ParseISO8601
    time: datetime | None = parse(text)
    if time is None:
        raise NotKnown(f"time {text}")
    return time
