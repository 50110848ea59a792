"""What carries a tag, through the vSphere Automation SDK.

Rules of this file: the SDK's stubs run over our own connection, so its answers have our deadlines, trust, limits and no
redirect, and nothing of it reads the environment; they use the session that is there and never end it (the SDK's own
client logs out when it is forgotten); the SDK is imported when a tag is named, for that takes half a second.
"""

from __future__ import annotations

import http.client
import importlib
import json
import ssl
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vsphere_motion.errors import (
    Ambiguous,
    MotionError,
    NotFound,
    PermissionMissing,
    ProtocolError,
    SessionEnded,
    UsageProblem,
    VCenterFault,
)
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.connection import BodyReader, VCenterConnection
from vsphere_motion.vcenter.deadline import Deadline, timely
from vsphere_motion.vcenter.faults import translate
from vsphere_motion.vcenter.tls import TrustRules, trust_rules, untrusted

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_PATH = "/api"
_PIECE_BYTES = 64 * 1024
_SUGGESTIONS = 3


def read_tagged_objects(session: Session, names: Sequence[str]) -> dict[str, frozenset[MoRef]]:
    """The objects that carry each of these tags and that the account may see.

    Args:
        names: a category, a slash and a tag, such as `env/prod`; both may hold slashes themselves.

    Calls: com.vmware.cis.tagging Category.list, Category.get, Tag.list_tags_for_category, Tag.get,
        TagAssociation.list_attached_objects.
    Needs: System.Read on the tags and their categories.

    Raises:
        NotFound: a tag or category is not there; the details have every one.
        Ambiguous: a name with several slashes can be read in several ways.
        PermissionMissing, SessionEnded, VCenterUnavailable: the tags cannot be read.
    """
    with _tagging(session) as tagging:
        book = _TagBook(tagging)
        tags, problems = {}, []
        for name in names:
            try:
                tags[name] = book.find(name)
            except UsageProblem as problem:
                problems.append(problem)
        if problems:
            raise _together(problems)
        return {name: frozenset(book.objects(tag)) for name, tag in tags.items()}


class _TagBook:
    """Categories and tags by name, each read once."""

    def __init__(self, tagging: _Tagging) -> None:
        self._tagging = tagging
        self._categories = {str(one.name): str(one.id) for one in map(tagging.category.get, tagging.category.list())}
        self._tags: dict[str, dict[str, str]] = {}

    def find(self, name: str) -> str:
        """The identifier of the one tag of this name."""
        splits = [(name[:at], name[at + 1 :]) for at, sign in enumerate(name) if sign == "/"]
        ways = [(category, tag) for category, tag in splits if self._category(category)]
        found = {category: found for category, tag in ways if (found := self._tags_of(category).get(_same(tag)))}
        if len(found) > 1:
            raise Ambiguous(
                f"the tag {name} can be read in {len(found)} ways",
                hint="rename one of them; the name of a category ends at a slash",
                details=tuple(f"category {category}" for category in found),
            )
        if not found:
            raise self._missing(name, ways)
        return next(iter(found.values()))

    def objects(self, tag: str) -> Iterator[MoRef]:
        """What carries the tag."""
        return (MoRef(kind=str(one.type), moid=str(one.id)) for one in self._tagging.association(tag))

    def _category(self, name: str) -> str | None:
        return next((found for known, found in self._categories.items() if _same(known) == _same(name)), None)

    def _tags_of(self, category: str) -> dict[str, str]:
        """The identifiers of a category's tags by name."""
        identifier = self._category(category)
        assert identifier is not None, "only categories that are there are looked into"
        if identifier not in self._tags:
            tag = self._tagging.tag
            listed = map(tag.get, tag.list_tags_for_category(identifier))
            self._tags[identifier] = {_same(str(one.name)): str(one.id) for one in listed}
        return self._tags[identifier]

    def _missing(self, name: str, ways: Sequence[tuple[str, str]]) -> NotFound:
        if "/" not in name:
            return NotFound(f"tag:{name} names no tag", hint="it takes a category and a tag, such as tag:env/prod")
        if not ways:
            return NotFound(
                f"no tag category is called {name.split('/')[0]}", hint=_hint("categories", name, self._categories)
            )
        category, tag = ways[-1]
        return NotFound(
            f"the category {category} has no tag {tag}", hint=_hint("tags of it", tag, self._tags_of(category))
        )


def _hint(what: str, word: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(word.split("/")[0], known, n=_SUGGESTIONS)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"the {what} are: {', '.join(sorted(known)[:10]) or 'none that this account may see'}"


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _together(problems: Sequence[UsageProblem]) -> UsageProblem:
    if len(problems) == 1:
        return problems[0]
    return NotFound(
        f"{len(problems)} of the tags given cannot be used: {problems[0].message}",
        hint="; ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint)),
        details=tuple(line for problem in problems for line in (problem.message, *problem.details)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tagging:
    """The three services of the SDK that are used here."""

    category: Any
    tag: Any
    associations: Any

    def association(self, tag: str) -> Any:
        return self.associations.list_attached_objects(tag)


@contextmanager
def _tagging(session: Session) -> Iterator[_Tagging]:
    """The services, over one connection that is closed at the end of the block; the session stays open."""
    endpoint = session.endpoint
    with _understood(endpoint):
        sdk = _Sdk()
        sender = _Sender(endpoint, trust_rules(endpoint))
        try:
            yield sdk.services(sender, f"https://{endpoint.address}{_PATH}", session.stub.cookie.strip('"'))
        finally:
            sender.close()


class _Sdk:
    """The parts of the SDK that are needed, imported now."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own
            self._client = importlib.import_module("com.vmware.cis.tagging_client")
            self._connect = importlib.import_module("vmware.vapi.lib.connect")
            self._filters = importlib.import_module("vmware.vapi.security.client.security_context_filter")
            self._sessions = importlib.import_module("vmware.vapi.security.session")
            self._factories = importlib.import_module("vmware.vapi.stdlib.client.factories")

    def services(self, sender: _Sender, url: str, session_id: str) -> _Tagging:
        context = self._sessions.create_session_security_context(session_id)
        chain = [self._filters.LegacySecurityContextFilter(security_context=context)]
        connector = self._connect.get_requests_connector(
            session=sender, url=url, pool_size=0, provider_filter_chain=chain
        )
        config = self._factories.StubConfigurationFactory.new_std_configuration(connector)
        return _Tagging(
            category=self._client.Category(config),
            tag=self._client.Tag(config),
            associations=self._client.TagAssociation(config),
        )


@dataclass(slots=True, kw_only=True)
class _Answer:
    """An HTTP answer in the shape that the SDK reads; only answers with status 200 get so far."""

    status_code: int
    headers: Mapping[str, str]
    text: str
    encoding: str = "utf-8"

    def raise_for_status(self) -> None:
        """Do nothing: another status was refused when it came."""


class _Sender:
    """Sends the SDK's requests over a connection of our own; it stands in for a session of `requests`."""

    def __init__(self, endpoint: Endpoint, rules: TrustRules) -> None:
        self._endpoint = endpoint
        self._rules = rules
        self._connection: VCenterConnection | None = None

    def request(self, *, url: str, headers: Mapping[str, str], data: bytes, **_: object) -> _Answer:
        """Post one request and read its answer whole, within the deadline of a call.

        Raises:
            VCenterUnavailable: there is no answer, or it is none of the service.
        """
        deadline = Deadline(self._endpoint.call_timeout_s)
        try:
            connection = self._connected(deadline)
            response = connection.post(urlsplit(url).path, data, headers, deadline)
            if response.status != http.HTTPStatus.OK:
                raise _refused(self._endpoint, response)
            return _Answer(status_code=response.status, headers=dict(response.headers), text=_body(response))
        except ssl.SSLCertVerificationError as failure:
            raise untrusted(self._endpoint, failure) from failure
        except (OSError, http.client.HTTPException) as failure:
            raise translate(timely(failure, deadline), what=_what(self._endpoint)) from failure

    def close(self) -> None:
        """Close the connection; the session on the server stays."""
        if self._connection is not None:
            self._connection.close()

    def _connected(self, deadline: Deadline) -> VCenterConnection:
        if self._connection is None or not self._connection.is_usable:
            self.close()
            within = deadline.within(self._endpoint.connect_timeout_s)
            self._connection = VCenterConnection(self._endpoint, self._rules, within)
        return self._connection


def _body(response: http.client.HTTPResponse) -> str:
    reader = BodyReader(response)
    return b"".join(iter(lambda: reader.read(_PIECE_BYTES), b"")).decode(errors="replace")


def _refused(endpoint: Endpoint, response: http.client.HTTPResponse) -> ProtocolError:
    return ProtocolError(
        f"Could not {_what(endpoint)}: the server answered HTTP {response.status} {response.reason}",
        hint="The vSphere Automation API is not there, or something else answers for it; name the VMs in another way.",
    )


def _what(endpoint: Endpoint) -> str:
    return f"read the tags of {endpoint.address}"


@contextmanager
def _understood(endpoint: Endpoint) -> Iterator[None]:
    """A block in which what the SDK raises becomes one of our errors."""
    try:
        yield
    except MotionError:
        raise
    except ImportError as failure:
        raise MotionError(
            f"Could not {_what(endpoint)}: the vSphere Automation SDK cannot be imported ({failure})",
            hint="install vmware-vcenter into the same environment",
        ) from failure
    except json.JSONDecodeError as failure:
        raise _not_understood(endpoint, failure) from failure
    except Exception as failure:  # the SDK raises classes of its own, which are told apart by their modules
        if not type(failure).__module__.startswith(("com.vmware.", "vmware.")):
            raise
        raise _of_sdk(endpoint, failure) from failure


def _of_sdk(endpoint: Endpoint, failure: Exception) -> MotionError:
    kind, words = type(failure).__name__, _words_of(failure)
    message = f"Could not {_what(endpoint)}: {words}"
    if kind == "Unauthenticated":
        return SessionEnded(message, hint=_NO_SHARING)
    if kind == "Unauthorized":
        return PermissionMissing(message, hint="Ask a vCenter administrator for the privilege to read tags.")
    if type(failure).__module__.startswith("com.vmware."):
        return VCenterFault(message, fault_kind=kind)
    return _not_understood(endpoint, failure)


def _words_of(failure: Exception) -> str:
    """vCenter's own words, where the SDK has them."""
    listed = getattr(failure, "messages", None) or ()
    words = "; ".join(str(one.default_message) for one in listed if getattr(one, "default_message", None))
    return words or type(failure).__name__


def _not_understood(endpoint: Endpoint, failure: Exception) -> ProtocolError:
    return ProtocolError(
        f"Could not {_what(endpoint)}: the answer is not understood ({type(failure).__name__})",
        hint="Check that this is the address of a vCenter, and that no proxy or portal answers for it.",
    )


_NO_SHARING = (
    "A vCenter before 8.0 Update 3 does not take one login for both of its APIs; name the VMs in another way, such as "
    "folder:, re: or a list with -f."
)
