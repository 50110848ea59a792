"""The options for another vCenter, and the connection to it: its account, its password, whom to trust.

Rules of this file: what is meant for the first vCenter never goes to the second, least of all its password. The second
has its context, its keyring entry, and variables of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from vsphere_motion.cli.connection import open_vcenter, read_credentials, read_sources
from vsphere_motion.errors import MotionError, UsageProblem
from vsphere_motion.model.mapping import NO_MAPPING, VCenterMapping
from vsphere_motion.settings import Settings, resolve

if TYPE_CHECKING:
    from vsphere_motion.cli.invocation import Invocation
    from vsphere_motion.model.move import OtherVCenter
    from vsphere_motion.model.request import Wishes
    from vsphere_motion.service.connection import VCenter

VARIABLES = {
    "VSPHERE_MOTION_TO_USER": "VSPHERE_MOTION_USER",
    "VSPHERE_MOTION_TO_PASSWORD": "VSPHERE_MOTION_PASSWORD",
    "VSPHERE_MOTION_TO_CA_FILE": "VSPHERE_MOTION_CA_FILE",
    "VSPHERE_MOTION_TO_THUMBPRINT": "VSPHERE_MOTION_THUMBPRINT",
}
"""The variables for the other vCenter, and what each is called for the first."""

_OPTIONS = (
    click.option("--to-vcenter", metavar="CONTEXT|HOST", help="Another vCenter: a context of config.toml, or a host."),
    click.option("--to-user", metavar="USER", help="The account there."),
    click.option("--to-ca-file", metavar="FILE", help="The authorities to trust there."),
    click.option("--to-thumbprint", metavar="SHA256", help="The only certificate it may present."),
    click.option("--map", "mapping", metavar="FILE", help="What things are called there: hosts, networks, ... (YAML)."),
)
_KEEPING = (
    click.option("--keep-tags", is_flag=True, help="Attach the VMs' tags again at the other vCenter."),
    click.option("--keep-attributes", is_flag=True, help="Set the VMs' custom attributes again there."),
)
_NAMES = ("to_vcenter", "to_user", "to_ca_file", "to_thumbprint", "mapping")


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """The other vCenter in the person's words; without a name there is none."""

    to_vcenter: str | None = None
    to_user: str | None = None
    to_ca_file: str | None = None
    to_thumbprint: str | None = None
    mapping: str | None = None

    def __post_init__(self) -> None:
        if not self.to_vcenter and any(getattr(self, name) for name in _NAMES):
            raise click.UsageError("--to-user, --to-ca-file, --to-thumbprint and --map go with --to-vcenter.")

    def in_wishes(self, wishes: Wishes, *, keep_tags: bool = False, keep_attributes: bool = False) -> Wishes:
        """The wishes, with the vCenter that they are about, and what the VMs are to have again there.

        Raises:
            UsageError: something is to be kept, and no other vCenter is named.
        """
        if self.to_vcenter:
            return replace(wishes, to_vcenter=self.to_vcenter, keep_tags=keep_tags, keep_attributes=keep_attributes)
        if keep_tags or keep_attributes:
            raise click.UsageError("--keep-tags and --keep-attributes go with --to-vcenter: within one, VMs keep them.")
        return wishes


NO_OTHER = Other()


def across_options(function: Callable[..., int]) -> Callable[..., int]:
    """Declare the options; the command gets them as `other`, an `Other`."""

    @functools.wraps(function)
    def with_other(*args: Any, **values: Any) -> int:
        return function(*args, other=Other(**{name: values.pop(name) for name in _NAMES}), **values)

    for declare in reversed(_OPTIONS):
        declare(with_other)
    return with_other


def keeping_options(function: Callable[..., int]) -> Callable[..., int]:
    """Declare what VMs have again at the other vCenter; the command gets `keep_tags` and `keep_attributes`."""
    for declare in reversed(_KEEPING):
        declare(function)
    return function


@contextmanager
def open_both(invocation: Invocation, other: Other) -> Iterator[VCenter]:
    """The vCenter of the settings, with the other one connected where one is named.

    Raises:
        UsageProblem, AccessRefused, VCenterUnavailable: as their names say.
    """
    from vsphere_motion.service.mapping import mapping_of

    mapping = mapping_of(other.mapping)
    with open_vcenter(invocation) as vcenter, joined_by(invocation, vcenter, other, mapping):
        yield vcenter


@contextmanager
def joined_by(
    invocation: Invocation, vcenter: VCenter, other: Other, mapping: VCenterMapping = NO_MAPPING
) -> Iterator[None]:
    """Connect the other vCenter, where one is named, for as long as the block lasts."""
    if not other.to_vcenter:
        yield
        return
    from vsphere_motion.service.across import meet
    from vsphere_motion.service.connection import open_vcenter as connect

    settings = other_settings(invocation, other)
    credentials = read_credentials(replace_environment(invocation), settings)
    try:
        there = connect(settings.endpoint, credentials, relogin=settings.relogin)
    except MotionError as error:
        _reword(error)
        raise
    with there:
        vcenter.other = meet(vcenter, there, credentials, context=other.to_vcenter, mapping=mapping)
        try:
            yield
        finally:
            vcenter.other = None


def other_of_run(moves_to: OtherVCenter | None, given: Other) -> Other:
    """The other vCenter of a run in the journal; what is given now counts more.

    The certificate has to be the one that the run was begun with, unless another is pinned now.
    """
    if moves_to is None or given.to_vcenter:
        return given
    return Other(
        to_vcenter=moves_to.context,
        to_user=given.to_user or moves_to.user or None,
        to_ca_file=given.to_ca_file,
        to_thumbprint=given.to_thumbprint or moves_to.thumbprint,
    )


def other_settings(invocation: Invocation, other: Other) -> Settings:
    """The settings of the other vCenter: its context's, or those of a host that is named.

    Raises:
        UsageProblem, BadInput: a value cannot be used.
    """
    sources = read_sources(invocation)
    contexts = sources.config.get("contexts", {})
    is_context = isinstance(contexts, Mapping) and other.to_vcenter in contexts
    flags: dict[str, object] = {"user": other.to_user, "ca_file": other.to_ca_file, "thumbprint": other.to_thumbprint}
    flags |= {"context": other.to_vcenter} if is_context else {"server": other.to_vcenter}
    environment = _environment(invocation.environment)
    config = sources.config if is_context else {}
    known = replace(sources, flags=flags, environment=environment, config=config)
    try:
        return resolve(known)
    except UsageProblem as error:
        _reword(error)
        raise


def replace_environment(invocation: Invocation) -> Invocation:
    """The invocation as the other vCenter's: with its own variables, and without a password on standard input."""
    return replace(invocation, environment=_environment(invocation.environment), password_stdin=False)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for the other vCenter: nothing in it is the first one's."""
    own = {name: value for name, value in environment.items() if not name.startswith(_FAMILIES)}
    given = {plain: environment[name] for name, plain in VARIABLES.items() if environment.get(name)}
    kept = {name: environment[name] for name in _SHARED if name in environment}
    return {**own, **kept, **given}


_FAMILIES = ("VSPHERE_MOTION_", "VMWARE_", "GOVC_", "VSPHERE_")
_SHARED = ("VSPHERE_MOTION_STATE_DIR", "VSPHERE_MOTION_JOURNAL_MODE", "VSPHERE_MOTION_CALL_TIMEOUT")
_WORDS = {
    "--thumbprint": "--to-thumbprint",
    "--ca-file": "--to-ca-file",
    "--user": "--to-user",
    "VSPHERE_MOTION_USER, VMWARE_USER, GOVC_USERNAME or VSPHERE_USER": "VSPHERE_MOTION_TO_USER",
    "VSPHERE_MOTION_CA_FILE": "VSPHERE_MOTION_TO_CA_FILE",
}


def _reword(error: MotionError) -> None:
    """Put the options and variables that are the other vCenter's into an error's words."""

    def reworded(text: str) -> str:
        for word, other in _WORDS.items():
            for before in (" ", "("):
                text = text.replace(f"{before}{word}", f"{before}{other}")
        return text

    error.message, error.details = reworded(error.message), tuple(map(reworded, error.details))
    error.args = (error.message,)
    error.hint = reworded(error.hint) if error.hint else None
