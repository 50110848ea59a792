"""A connected vCenter: what the library, the command line and the Ansible modules hold in their hands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vsphere_motion.errors import BadInput
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import DEFAULT_CALL_TIMEOUT_S, DEFAULT_PORT, Endpoint

if TYPE_CHECKING:
    from vsphere_motion.model.inventory import Inventory
    from vsphere_motion.model.matrix import Matrix
    from vsphere_motion.model.plan import Plan
    from vsphere_motion.model.report import Report
    from vsphere_motion.model.request import Opinions, Wishes
    from vsphere_motion.model.vcenter import VCenterIdentity
    from vsphere_motion.service.across import OtherSide
    from vsphere_motion.service.surroundings import Places
    from vsphere_motion.vcenter.session import Session
    from vsphere_motion.vcenter.session_file import SessionFile


class VCenter:
    """An open session with one vCenter; a context manager that logs out."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.other: OtherSide | None = None
        """The other vCenter that VMs of this one may go to, where one is connected (`service/across.py`)."""

    @property
    def identity(self) -> VCenterIdentity:
        """Which server this is."""
        return self.session.identity

    @property
    def user(self) -> str:
        """The account that is logged in."""
        return self.session.user

    @property
    def tls(self) -> str:
        """How the server is trusted: `verified`, `pinned` or `insecure`."""
        return self.session.tls

    def snapshot(self) -> Inventory:
        """The whole inventory, read in a constant number of calls."""
        from vsphere_motion.vcenter.inventory import take_snapshot

        return take_snapshot(self.session)

    @contextmanager
    def meeting(
        self,
        *,
        server: str,
        user: str,
        password: str | Password,
        port: int = DEFAULT_PORT,
        ca_file: str | Path | None = None,
        thumbprint: str | None = None,
        mapping: str | Path | Mapping[str, object] | None = None,
    ) -> Iterator[str]:
        """Connect another vCenter that VMs of this one may go to, for as long as the block lasts.

        What the block gets is the name for `Wishes.to_vcenter`. This vCenter logs in to the other one with this account
        when a move starts, so its certificate has to be trusted: by its authority, or because it is pinned.

        Args:
            ca_file: PEM file of the authorities to trust there instead of the system's.
            thumbprint: SHA-256 of the only certificate that it may present.
            mapping: what things are called there: a mapping file (YAML), or its sections.

        Raises:
            BadInput: it is this very vCenter, or the mapping file cannot be used.
            LoginRefused, CertificateUntrusted, PinMismatch, Unreachable, CallTimeout, ProtocolError: as named.
        """
        from vsphere_motion.service.across import meet
        from vsphere_motion.service.mapping import mapping_of

        known = mapping_of(mapping)
        with connect(
            server=server,
            user=user,
            password=password,
            port=port,
            ca_file=ca_file,
            thumbprint=thumbprint,
            call_timeout_s=self.session.endpoint.call_timeout_s,
        ) as there:
            secret = password if isinstance(password, Password) else Password(password)
            credentials = Credentials(user=user, password=secret, source="the caller")
            self.other = meet(self, there, credentials, context=there.session.endpoint.address, mapping=known)
            try:
                yield self.other.named.context
            finally:
                self.other = None

    def check(
        self,
        *vms: str,
        to_host: str = "",
        wishes: Wishes | None = None,
        skip_checks: tuple[str, ...] = (),
        strict: bool = False,
        checks: str = "both",
        state_dir: str | Path | None = None,
    ) -> Plan:
        """What would stop or hurt moving these VMs. Nothing is changed.

        Args:
            vms: names, globs, inventory paths, `moid:...` or `uuid:...`.
            to_host: name, inventory path or `moid:...` of the destination; empty where the wishes lead elsewhere.
            wishes: what else shall change, a `vsphere_motion.model.request.Wishes`: datastores, networks, vCenter.
            skip_checks: ids of checks whose blockers are overridden.
            strict: let warnings and unknown findings block as well.
            checks: whose checks are asked: `client` for ours, `vcenter` for vCenter's own, or `both`.
            state_dir: where the journal lies that knows of earlier moves; None: this platform's state directory.

        Raises:
            NotFound, Ambiguous: a selector matches nothing, or more than it may.
            BadInput: an argument has a word that nobody knows.
        """
        from vsphere_motion.model.request import MoveRequest
        from vsphere_motion.service.check import check

        request = MoveRequest(
            selectors=vms,
            to_host=to_host,
            skip_checks=skip_checks,
            strict=strict,
            opinions=_opinions(checks),
            wishes=_wishes(to_host, wishes),
        )
        return check(self, request, _places(state_dir))

    def matrix(
        self,
        *vms: str,
        to_cluster: str | None = None,
        all_hosts: bool = False,
        skip_checks: tuple[str, ...] = (),
        strict: bool = False,
        checks: str = "both",
        state_dir: str | Path | None = None,
    ) -> Matrix:
        """What would stop or hurt moving each of these VMs to each host of a cluster, or of the site.

        Args:
            to_cluster: the cluster whose hosts are looked at.
            all_hosts: look at every host instead; exactly one of the two is given.
            vms, skip_checks, strict, checks, state_dir: as in `check`.

        Raises:
            NotFound, Ambiguous: a selector matches nothing, or more than it may.
            BadInput: an argument has a word that nobody knows, or not exactly one destination is given.
        """
        from vsphere_motion.model.request import MatrixRequest
        from vsphere_motion.service.matrix import check_matrix

        if (to_cluster is None) is not all_hosts:
            raise BadInput("a matrix has one destination", hint="give either to_cluster or all_hosts=True")
        request = MatrixRequest(
            selectors=vms, to_cluster=to_cluster, skip_checks=skip_checks, strict=strict, opinions=_opinions(checks)
        )
        return check_matrix(self, request, _places(state_dir))

    def migrate(
        self,
        *vms: str,
        to_host: str = "",
        wishes: Wishes | None = None,
        skip_checks: tuple[str, ...] = (),
        partial: bool = False,
        state_dir: str | Path | None = None,
    ) -> Report:
        """Check, move and verify these VMs, and say how it went. A VM that is already there is left alone.

        Args:
            vms, to_host, wishes: as in `check`.
            skip_checks: ids of checks whose blockers are overridden.
            partial: move the rest when some are blocked; otherwise one blocked VM means that nothing starts.
            state_dir: where the journal lies; None: this platform's state directory.

        Raises:
            NotFound, Ambiguous: a selector matches nothing, or more than it may.
            VCenterUnavailable: vCenter went away; the journal knows what was started.
        """
        from vsphere_motion.model.request import MoveRequest
        from vsphere_motion.service.migrate import migrate

        request = MoveRequest(
            selectors=vms, to_host=to_host, skip_checks=skip_checks, partial=partial, wishes=_wishes(to_host, wishes)
        )
        return migrate(self, request, state_dir=Path(state_dir) if state_dir else None)

    def close(self) -> None:
        """Log out and close the connections."""
        self.session.close()

    def __enter__(self) -> VCenter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opinions(checks: str) -> Opinions:
    from vsphere_motion.model.request import Opinions

    words = [opinions.value for opinions in Opinions]
    if checks not in words:
        raise BadInput(
            f"checks={checks!r} is nobody whose checks could be asked", hint=f"give one of {', '.join(words)}"
        )
    return Opinions(checks)


def _wishes(to_host: str, wishes: Wishes | None) -> Wishes:
    """What is asked for beside the host.

    Raises:
        BadInput: nothing says where the VMs shall go.
    """
    from vsphere_motion.model.request import NO_WISHES

    wishes = wishes or NO_WISHES
    if not to_host and not wishes.names_place:
        raise BadInput("nothing says where the virtual machines shall go", hint="give to_host, or wishes that do")
    return wishes


def _places(state_dir: str | Path | None) -> Places:
    from vsphere_motion.service.surroundings import Places
    from vsphere_motion.settings import state_directory

    return Places(state_dir=Path(state_dir) if state_dir else state_directory({}))


def open_vcenter(
    endpoint: Endpoint, credentials: Credentials, *, relogin: bool = True, kept: SessionFile | None = None
) -> VCenter:
    """Connect and log in.

    Args:
        relogin: keep the password, masked, to log in again when vCenter ends the session.
        kept: where the session is kept between commands; None: it ends with this one.

    Raises:
        LoginRefused, CertificateUntrusted, PinMismatch, Unreachable, CallTimeout, ProtocolError: as their names say.
    """
    from vsphere_motion.vcenter.session import open_session

    return VCenter(open_session(endpoint, credentials, relogin=relogin, kept=kept))


def end_kept_session(endpoint: Endpoint, kept: SessionFile) -> bool:
    """Log out a session that was kept between commands, and forget it; False if there was none.

    Raises:
        VCenterUnavailable: vCenter cannot be reached; the session is forgotten all the same.
    """
    if not kept.path.exists():
        return False
    from vsphere_motion.vcenter.session import end_kept_session as end

    return end(endpoint, kept)


def connect(
    *,
    server: str,
    user: str,
    password: str | Password,
    port: int = DEFAULT_PORT,
    ca_file: str | Path | None = None,
    thumbprint: str | None = None,
    insecure: bool = False,
    call_timeout_s: float = DEFAULT_CALL_TIMEOUT_S,
    relogin: bool = True,
) -> VCenter:
    """Connect to a vCenter from Python.

    Args:
        server: host name or address, without scheme.
        ca_file: PEM file of the authorities to trust instead of the system's.
        thumbprint: SHA-256 of the server's certificate; must match whatever the CA says.
        insecure: do not verify the certificate.
        call_timeout_s: the deadline of every single call.
        relogin: keep the password, masked, to log in again when vCenter ends the session; without it the session
            raises `SessionEnded` from then on.

    Raises:
        LoginRefused, CertificateUntrusted, PinMismatch, Unreachable, CallTimeout, ProtocolError: as their names say.
    """
    secret = password if isinstance(password, Password) else Password(password)
    endpoint = Endpoint(
        host=server,
        port=port,
        ca_file=Path(ca_file) if ca_file else None,
        thumbprint=thumbprint,
        insecure=insecure,
        call_timeout_s=call_timeout_s,
    )
    return open_vcenter(endpoint, Credentials(user=user, password=secret, source="the caller"), relogin=relogin)
