"""The tagging services of the vSphere Automation SDK, over a connection of our own.

Rules of this file: the SDK's stubs run over our own connection, so its answers have our deadlines, trust, limits and no
redirect, and nothing of it reads the environment; they use the session that is there and never end it (the SDK's own
client logs out when it is forgotten), or where vCenter does not share it one of their own that ends with the block; the
SDK is imported when it is needed, for that takes half a second.
"""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import ssl
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vsphere_motion.errors import (
    LoginRefused,
    MotionError,
    PermissionMissing,
    ProtocolError,
    SessionEnded,
    VCenterFault,
)
from vsphere_motion.model.account import Credentials
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.connection import BodyReader, VCenterConnection
from vsphere_motion.vcenter.deadline import Deadline, timely
from vsphere_motion.vcenter.faults import translate
from vsphere_motion.vcenter.tls import TrustRules, trust_rules, untrusted

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_PATH = "/api"
_SHARING = [8, 0, 3]
_PIECE_BYTES = 64 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """The three services of the SDK that are used, and its way to write a reference."""

    category: Any
    tag: Any
    associations: Any
    dynamic_id: Any

    def object_id(self, ref: MoRef) -> Any:
        """A reference as the SDK writes it."""
        return self.dynamic_id(type=ref.kind, id=ref.moid)


@contextmanager
def tagging(session: Session, *, what: str) -> Iterator[Tagging]:
    """The services, over one connection that is closed at the end of the block; the session stays open.

    Args:
        what: what is done with them, for errors, such as "read the tags of vc01".

    Raises:
        PermissionMissing, SessionEnded, VCenterUnavailable, VCenterFault: as their names say, whatever is asked in the
            block.
    """
    endpoint = session.endpoint
    with understood(what):
        sdk = _Sdk()
        sender = _Sender(endpoint, trust_rules(endpoint), what)
        try:
            with _token(session, sdk, sender) as token:
                yield sdk.services(sender, token)
        finally:
            sender.close()


@contextmanager
def _token(session: Session, sdk: _Sdk, sender: _Sender) -> Iterator[str]:
    """The identifier of a session of the Automation API: the one that is there, or one of its own for the block.

    A vCenter before 8.0 Update 3 does not take one login for both of its APIs.
    """
    shared = session.stub.cookie.strip('"')
    own = None if _shares_logins(session) else session.lend(partial(sdk.log_in, sender))
    try:
        yield shared if own is None else own
    finally:
        if own is not None:
            sdk.log_out(sender, own)


def _shares_logins(session: Session) -> bool:
    numbers = [int(part) for part in session.identity.api_version.split(".") if part.isdigit()]
    return numbers >= _SHARING


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
            self._values = importlib.import_module("com.vmware.vapi.std_client")
            self._login = importlib.import_module("com.vmware.cis_client")
            self._passwords = importlib.import_module("vmware.vapi.security.user_password")

    def log_in(self, sender: _Sender, credentials: Credentials) -> str:
        """A session of the Automation API alone.

        Raises:
            LoginRefused: vCenter refused the account.
        """
        what = f"log in to the Automation API as {credentials.user} (password from: {credentials.source})"
        pair = self._passwords.create_user_password_security_context(credentials.user, credentials.password.reveal())
        try:
            with understood(what):
                return str(self._login.Session(self._configuration(sender, pair)).create())
        except (SessionEnded, PermissionMissing) as refused:
            raise LoginRefused(refused.message, hint="check the user name and the password") from None

    def log_out(self, sender: _Sender, token: str) -> None:
        """End it; one that cannot be ended times out."""
        try:
            with understood("log out of the Automation API"):
                self._login.Session(self._in_session(sender, token)).delete()
        except MotionError as error:
            _log.info("a session of the Automation API may stay open until it times out: %s", error.message)

    def services(self, sender: _Sender, token: str) -> Tagging:
        """The services, in a session."""
        config = self._in_session(sender, token)
        return Tagging(
            category=self._client.Category(config),
            tag=self._client.Tag(config),
            associations=self._client.TagAssociation(config),
            dynamic_id=self._values.DynamicID,
        )

    def _in_session(self, sender: _Sender, token: str) -> Any:
        return self._configuration(sender, self._sessions.create_session_security_context(token))

    def _configuration(self, sender: _Sender, context: Any) -> Any:
        chain = [self._filters.LegacySecurityContextFilter(security_context=context)]
        connector = self._connect.get_requests_connector(
            session=sender, url=sender.url, pool_size=0, provider_filter_chain=chain
        )
        return self._factories.StubConfigurationFactory.new_std_configuration(connector)


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

    def __init__(self, endpoint: Endpoint, rules: TrustRules, what: str) -> None:
        self.url = f"https://{endpoint.address}{_PATH}"
        self._endpoint = endpoint
        self._rules = rules
        self._what = what
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
                raise _refused(self._what, response)
            return _Answer(status_code=response.status, headers=dict(response.headers), text=_body(response))
        except ssl.SSLCertVerificationError as failure:
            raise untrusted(self._endpoint, failure) from failure
        except (OSError, http.client.HTTPException) as failure:
            raise translate(timely(failure, deadline), what=self._what) from failure

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


def _refused(what: str, response: http.client.HTTPResponse) -> ProtocolError:
    return ProtocolError(
        f"Could not {what}: the server answered HTTP {response.status} {response.reason}",
        hint="The vSphere Automation API is not there, or something else answers for it; name the VMs in another way.",
    )


@contextmanager
def understood(what: str) -> Iterator[None]:
    """A block in which what the SDK raises becomes one of our errors."""
    try:
        yield
    except MotionError:
        raise
    except ImportError as failure:
        raise MotionError(
            f"Could not {what}: the vSphere Automation SDK cannot be imported ({failure})",
            hint="install vmware-vcenter into the same environment",
        ) from failure
    except json.JSONDecodeError as failure:
        raise _not_understood(what, failure) from failure
    except Exception as failure:  # the SDK raises classes of its own, which are told apart by their modules
        if not type(failure).__module__.startswith(("com.vmware.", "vmware.")):
            raise
        raise _of_sdk(what, failure) from failure


def _of_sdk(what: str, failure: Exception) -> MotionError:
    kind, words = type(failure).__name__, _words_of(failure)
    message = f"Could not {what}: {words}"
    if kind == "Unauthenticated":
        return SessionEnded(message, hint=_NO_SHARING)
    if kind == "Unauthorized":
        return PermissionMissing(
            message, hint="Ask a vCenter administrator for the privileges on tags that this takes."
        )
    if type(failure).__module__.startswith("com.vmware."):
        return VCenterFault(message, fault_kind=kind)
    return _not_understood(what, failure)


def _words_of(failure: Exception) -> str:
    """vCenter's own words, where the SDK has them."""
    listed = getattr(failure, "messages", None) or ()
    words = "; ".join(str(one.default_message) for one in listed if getattr(one, "default_message", None))
    return words or type(failure).__name__


def _not_understood(what: str, failure: Exception) -> ProtocolError:
    return ProtocolError(
        f"Could not {what}: the answer is not understood ({type(failure).__name__})",
        hint="Check that this is the address of a vCenter, and that no proxy or portal answers for it.",
    )


_NO_SHARING = (
    "A vCenter before 8.0 Update 3 does not take one login for both of its APIs, and no password is kept for another; "
    "give the password again, or name the VMs in another way, such as folder:, re: or a list with -f."
)
