"""Bulk reads through the PropertyCollector, by property path.

Rules of this file: every answer's `missingSet` is looked at, because an expired session answers with empty objects and
no fault; a read in which the session ended is begun anew, never joined with what was read before; a path that is
neither in `values` nor in `unread` is unset on the server; whatever is created on the server is destroyed again. Values
are pyVmomi's and do not leave `vcenter/`.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pyVmomi import VmomiSupport, vmodl

from vsphere_motion.errors import MotionError, ProtocolError, SessionEnded, VCenterFault
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter import salvage
from vsphere_motion.vcenter.call import Read
from vsphere_motion.vcenter.faults import raise_for_missing, translated
from vsphere_motion.vcenter.garbage import collection_held_back
from vsphere_motion.vcenter.page_ahead import PageReader
from vsphere_motion.vcenter.page_grammar import ObjectRead, Page
from vsphere_motion.vcenter.property_types import fits

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

PAGE_SIZE = 1000
"""Objects a page, and objects a read of known references; measured as fast as one page for 10,000 virtual machines."""

_VIM = "urn:vim25"
_WHAT = "read properties of the inventory"
_COLLECTOR = vmodl.query.PropertyCollector
_log = logging.getLogger(__name__)

STARTS = 3
"""How often a read is begun at most: two new logins within one call."""

T = TypeVar("T")
PathsByKind: TypeAlias = Mapping[str, Sequence[str]]


class ViewGone(SessionEnded):
    """A view that this session made is no longer there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One object as it was read.

    Args:
        values: property path and value.
        unread: property path and the kind of fault with which it was refused, such as `NoPermission`.
    """

    ref: MoRef
    values: Mapping[str, Any] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str, *, unset: Any = None) -> Any:
        """The value; None if it is unread, and `unset` if it is unset."""
        return self.values.get(path, None if path in self.unread else unset)

    def ref_at(self, path: str) -> MoRef | None:
        """The reference there; None if it is unset or unread."""
        managed = self.values.get(path)
        return None if managed is None else ref_of(managed)

    def refs(self, path: str) -> tuple[MoRef, ...] | None:
        """A list of references; empty if it is unset, None if it is unread."""
        managed = self.get(path, unset=())
        return None if managed is None else refs_of(managed)


Readings: TypeAlias = dict[MoRef, Reading]


def read_all(session: Session, paths_by_kind: PathsByKind) -> Readings:
    """Every object of these kinds that the account may see, in one view and one read.

    An object is read with the paths of the most derived kind that is listed, so a derived kind repeats its base's
    paths. If an answer cannot be understood, the read is repeated in parts and the odd property is `unread`.

    Calls: CreateContainerView, RetrievePropertiesEx, ContinueRetrievePropertiesEx, CancelRetrievePropertiesEx,
        DestroyView.
    Needs: System.View, System.Read.

    Raises:
        SessionEnded: vCenter no longer knows the session; an empty inventory is never returned instead.
    """
    with collection_held_back():
        return from_the_start(session, lambda: _read_all(session, paths_by_kind))


def read_objects(session: Session, refs: Sequence[MoRef], paths: Sequence[str]) -> Readings:
    """These properties of these objects; an object that no longer exists is left out.

    Calls: RetrievePropertiesEx, ContinueRetrievePropertiesEx, CancelRetrievePropertiesEx.
    Needs: System.View, System.Read.

    Raises:
        SessionEnded: vCenter no longer knows the session.
    """
    readings: Readings = {}
    for start in range(0, len(refs), PAGE_SIZE):
        chunk = refs[start : start + PAGE_SIZE]
        readings |= from_the_start(session, functools.partial(_read_chunk, session, chunk, paths))
    return readings


def read_linked(session: Session, refs: Sequence[MoRef], paths_by_kind: PathsByKind, *, link: str = "") -> Readings:
    """Some objects of several kinds, each with its kind's paths, in one read.

    Args:
        link: a path of virtual machines whose references lead to further objects that are read as well.

    Calls: RetrievePropertiesEx, ContinueRetrievePropertiesEx, CancelRetrievePropertiesEx.
    Needs: System.View, System.Read.

    Raises:
        SessionEnded: vCenter no longer knows the session.
        ProtocolError, VCenterFault: the answer is not understood as a whole; `read_objects` reads around such parts.
    """
    steps = [_COLLECTOR.TraversalSpec(type=_type_of("VirtualMachine"), path=link, skip=False)] if link else []

    def read() -> Readings:
        objects = [
            _COLLECTOR.ObjectSpec(
                obj=managed_object(session, ref), skip=False, selectSet=steps if ref.kind == "VirtualMachine" else []
            )
            for ref in refs
        ]
        properties = [property_spec(kind, paths) for kind, paths in paths_by_kind.items()]
        return _retrieve(session, filter_spec(objects, properties))

    return from_the_start(session, read) if refs else {}


def from_the_start(session: Session, read: Callable[[], T]) -> T:
    """What `read` gives; where the session ends in the middle of it, it is begun anew in the next session.

    Args:
        read: makes its own views and collectors and keeps nothing of a call that failed.

    Raises:
        SessionEnded: the session ended and is not renewed, or it ended again and again.
        LoginRefused: vCenter refused a new login.
    """
    for _ in range(STARTS - 1):
        seen = session.logins
        try:
            return read()
        except ViewGone:
            session.now()  # renews the session if it has ended; the view may be gone because another thread did
        except SessionEnded:
            if not session.renew(seen):
                raise
        except VCenterFault:
            if session.logins == seen:
                raise
    return read()


def listed_kind(kind: str, kinds: Iterable[str]) -> str | None:
    """The most derived of `kinds` that this kind is, or None."""
    matching = [listed for listed in kinds if issubclass(_type_of(kind), _type_of(listed))]
    return max(matching, key=lambda listed: len(_type_of(listed).__mro__), default=None)


def ref_of(managed: Any) -> MoRef:
    """The reference of a pyVmomi managed object."""
    return MoRef(kind=type(managed)._wsdlName, moid=managed._moId)


def refs_of(managed: Iterable[Any]) -> tuple[MoRef, ...]:
    """The references of pyVmomi managed objects."""
    return tuple(ref_of(one) for one in managed)


def method_name(method: Any) -> str | None:
    """The name of an API method as the server spells it, from the three shapes that pyVmomi gives it."""
    if method is None:
        return None
    if isinstance(method, VmomiSupport.ManagedMethod):
        return str(method.name if isinstance(method, VmomiSupport.UnknownManagedMethod) else method.info.wsdlName)
    return str(method)


def plain(value: Any) -> Any:
    """The value as Python's own type where pyVmomi has a subclass of it (its enums are strings, its longs integers)."""
    if isinstance(value, bool):
        return value
    return next((kind(value) for kind in (int, str) if isinstance(value, kind)), value)


def managed_object(session: Session, ref: MoRef) -> Any:
    """The pyVmomi object to call methods on; its attributes are never read."""
    return _type_of(ref.kind)(ref.moid, session.stub)


def quietly(call: Callable[[], object]) -> None:
    """Clean up on the server without hiding what went wrong before; what is left over there ends with the session."""
    try:
        with translated("clean up on vCenter"):
            call()
    except MotionError as error:
        _log.debug("clean-up on vCenter failed: %s", error)


def property_spec(kind: str, paths: Sequence[str]) -> Any:
    """A PropertySpec for one kind of object."""
    return _COLLECTOR.PropertySpec(type=_type_of(kind), pathSet=list(paths))


def view_spec(view: Any, *, with_itself: bool = False) -> Any:
    """An ObjectSpec for everything in a view."""
    step = _COLLECTOR.TraversalSpec(type=type(view), path="view", skip=False)
    return _COLLECTOR.ObjectSpec(obj=view, skip=not with_itself, selectSet=[step])


def filter_spec(objects: Sequence[Any], properties: Sequence[Any]) -> Any:
    """A FilterSpec that leaves out objects which vanish, instead of failing."""
    return _COLLECTOR.FilterSpec(objectSet=list(objects), propSet=list(properties), reportMissingObjectsInResults=True)


def _read_all(session: Session, paths_by_kind: PathsByKind) -> Readings:
    kinds = [_type_of(kind) for kind in paths_by_kind]
    content: Any = session.content
    with translated("create a view of the inventory"):
        view = content.viewManager.CreateContainerView(content.rootFolder, kinds, True)
    try:
        return _read_view(session, view, paths_by_kind)
    except (ProtocolError, VCenterFault) as error:
        if not salvage.is_salvageable(error):
            raise
        _log.warning("reading the inventory in parts: %s", error)
        return _read_in_parts(session, _refs_in(session, view), paths_by_kind)
    finally:
        quietly(view.Destroy)


def _read_view(session: Session, view: Any, paths_by_kind: PathsByKind) -> Readings:
    properties = [property_spec(kind, paths) for kind, paths in paths_by_kind.items()]
    own = property_spec("ContainerView", ["container"])
    readings = _retrieve(session, filter_spec([view_spec(view, with_itself=True)], [own, *properties]))
    if readings.pop(ref_of(view), None) is None:
        raise _view_gone()
    return readings


def _view_gone() -> ViewGone:
    return ViewGone("vCenter no longer knows the view this session made: the session has ended.")


def _read_in_parts(session: Session, refs: Sequence[MoRef], paths_by_kind: PathsByKind) -> Readings:
    readings: Readings = {}
    for kind, paths in paths_by_kind.items():
        members = [ref for ref in refs if listed_kind(ref.kind, paths_by_kind) == kind]
        readings |= read_objects(session, members, paths)
    return readings


def _refs_in(session: Session, view: Any) -> tuple[MoRef, ...]:
    own = _COLLECTOR.ObjectSpec(obj=view, skip=False)
    readings = _retrieve(session, filter_spec([own], [property_spec("ContainerView", ["view"])]))
    if ref_of(view) not in readings:
        raise _view_gone()
    return refs_of(readings[ref_of(view)].get("view") or ())


def _read_chunk(session: Session, refs: Sequence[MoRef], paths: Sequence[str]) -> Readings:
    def read(some_refs: Sequence[MoRef], some_paths: Sequence[str]) -> Readings:
        objects = [_COLLECTOR.ObjectSpec(obj=managed_object(session, ref), skip=False) for ref in some_refs]
        properties = [property_spec(kind, some_paths) for kind in sorted({ref.kind for ref in some_refs})]
        return _retrieve(session, filter_spec(objects, properties))

    def refuse(ref: MoRef, path: str, reason: str) -> Reading:
        return Reading(ref=ref, unread={path: reason})

    return salvage.read_around(read, refuse, _merge, refs, paths)


def _merge(one: Reading, other: Reading) -> Reading:
    return Reading(ref=one.ref, values={**one.values, **other.values}, unread={**one.unread, **other.unread})


def _retrieve(session: Session, spec: Any) -> Readings:
    readings: Readings = {}
    collector: Any = session.content.propertyCollector

    def ask_next(token: str, read: Read) -> Any:
        try:
            return _ask(session, collector, "ContinueRetrievePropertiesEx", (token,), read)
        except MotionError:
            take_back(token)
            raise

    def take_back(token: str) -> None:
        quietly(lambda: collector.CancelRetrievePropertiesEx(token))

    with PageReader(session.stub, ask_next, take_back) as reader:
        options = _COLLECTOR.RetrieveOptions(maxObjects=PAGE_SIZE)
        page = _page(_ask(session, collector, "RetrievePropertiesEx", ([spec], options), reader.read))
        while page is not None:
            for one in page.objects:
                _add(readings, one)
            page = _next_page(collector, reader, page.token) if page.token else None
    return readings


def _next_page(collector: Any, reader: PageReader, token: str) -> Page | None:
    with translated(_WHAT):
        return _page(reader.next(collector._GetMethodInfo("ContinueRetrievePropertiesEx"), token))


def _ask(session: Session, collector: Any, method: str, arguments: Sequence[Any], read: Read) -> Any:
    with translated(_WHAT):
        return session.stub.ask(collector, collector._GetMethodInfo(method), arguments, read=read)


def _page(answer: Any) -> Page | None:
    return answer if answer is None or isinstance(answer, Page) else page_of(answer)


def page_of(result: Any) -> Page:
    """The page that is a result of pyVmomi's."""
    return Page(objects=[_object_of(content) for content in result.objects], token=result.token)


def _object_of(content: Any) -> ObjectRead:
    ref = ref_of(content.obj)
    # some servers send an unset property without a value instead of leaving it out (seen with vcsim, on later pages)
    present = [one for one in content.propSet if one.val is not None]
    fit = {one.name: plain(one.val) for one in present if fits(ref.kind, one.name, one.val)}
    unfit = tuple(one.name for one in present if one.name not in fit)
    return ObjectRead(ref=ref, values=fit, unfit=unfit, missing=list(content.missingSet))


def _add(readings: Readings, one: ObjectRead) -> None:
    """Add one object's content; an object that a page repeats is completed, one that has vanished is left out."""
    unread = {path: fault.kind for path, fault in raise_for_missing(one.missing, what=_WHAT)} if one.missing else {}
    if "ManagedObjectNotFound" in unread.values():
        return
    unread |= dict.fromkeys(one.unfit, ProtocolError.code)
    new = Reading(ref=one.ref, values=one.values, unread=unread)
    readings[one.ref] = _merge(readings[one.ref], new) if one.ref in readings else new


def _type_of(kind: str) -> Any:
    return VmomiSupport.GetWsdlType(_VIM, kind)
