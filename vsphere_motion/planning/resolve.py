"""A request to moves: every word of a person to one object of the snapshot, by reference from there on.

Rules of this file: all words are looked up before any is complained about, so a person hears of every problem at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vsphere_motion.errors import BadInput, NotFound, UsageProblem
from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.move import Move, StoragePolicy
from vsphere_motion.model.request import MatrixRequest, MoveRequest
from vsphere_motion.model.selection import NO_TAGS, Selected, Tagged
from vsphere_motion.planning.destinations import Destinations
from vsphere_motion.planning.destinations import move_to as move_to
from vsphere_motion.planning.names import suggest
from vsphere_motion.planning.selection import select
from vsphere_motion.planning.selectors import find_cluster, find_host
from vsphere_motion.preflight.registry import known_ids


def resolve(inventory: Inventory, request: MoveRequest, tagged: Tagged = NO_TAGS) -> tuple[Move, ...]:
    """The moves that a request asks for, one for each VM, in the order in which it names them.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: as `resolve_request`.
    """
    return resolve_request(inventory, request, tagged)[0]


def resolve_request(
    inventory: Inventory, request: MoveRequest, tagged: Tagged = NO_TAGS, policy: StoragePolicy | None = None
) -> tuple[tuple[Move, ...], Selected]:
    """The moves that a request asks for, and what each of its words matched.

    Args:
        tagged: what carries the tags that the request names.
        policy: the storage policy that it names, looked up.

    Raises:
        NotFound, Ambiguous, BadInput: a word cannot be used.
        UsageProblem: several cannot, for different reasons; the details have them all.
    """
    selected, problems = select(inventory, request.selectors, request.exclude, tagged)
    problems += [problem for vm in selected.vms if (problem := find_obstacle(inventory, vm))]
    problems += [_unknown_check(check_id) for check_id in request.skip_checks if check_id not in known_ids()]
    destinations = Destinations(inventory, request.to_host, request.wishes, policy)
    moves = destinations.moves([vm for vm in selected.vms if find_obstacle(inventory, vm) is None])
    raise_all([*problems, *destinations.problems])
    return moves, selected


def resolve_vms(
    inventory: Inventory, selectors: Sequence[str], exclude: Sequence[str] = (), tagged: Tagged = NO_TAGS
) -> tuple[Vm, ...]:
    """The VMs that the selectors name, each once, in the order in which they are named first.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: as `resolve`.
    """
    selected, problems = select(inventory, selectors, exclude, tagged)
    raise_all(problems)
    return selected.vms


def resolve_matrix(
    inventory: Inventory, request: MatrixRequest, tagged: Tagged = NO_TAGS
) -> tuple[Selected, tuple[Host, ...]]:
    """The VMs of a request and the hosts that each may go to, by name.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: as `resolve`.
    """
    selected, problems = select(inventory, request.selectors, request.exclude, tagged)
    problems += [problem for vm in selected.vms if (problem := find_obstacle(inventory, vm))]
    problems += [_unknown_check(check_id) for check_id in request.skip_checks if check_id not in known_ids()]
    hosts: tuple[Host, ...] = inventory.hosts
    if request.to_cluster is not None:
        try:
            cluster = find_cluster(inventory, request.to_cluster)
            hosts = tuple(host for host in inventory.hosts if host.compute_resource == cluster.ref)
        except UsageProblem as problem:
            problems.append(problem)
    if not hosts:
        problems.append(NotFound("there are no hosts to look at", hint="name another cluster"))
    raise_all(problems)
    return selected, tuple(sorted(hosts, key=lambda host: (host.name, host.ref)))


def resolve_host(inventory: Inventory, selector: str) -> Host:
    """The host that a selector names.

    Raises:
        NotFound, Ambiguous: it names none, or several.
    """
    return find_host(inventory, selector)


def find_obstacle(inventory: Inventory, vm: Vm) -> UsageProblem | None:
    """What makes a move of this VM impossible to say, or None."""
    if vm.host is None:
        return BadInput(
            f"{vm.name} ({vm.ref.moid}) is on no host that vCenter names, so there is nothing to move it from",
            hint="register it on a host or power it on, and check that the account may read runtime.host",
        )
    return None


def _unknown_check(check_id: str) -> UsageProblem:
    known = known_ids()
    hint = suggest(check_id, known) or f"the checks are: {', '.join(known)}"
    return BadInput(f"no check is called {check_id}", hint=hint)


def raise_all(problems: Sequence[UsageProblem]) -> None:
    """Raise what cannot be used, all of it in one error; nothing where there is nothing.

    Raises:
        NotFound, Ambiguous, BadInput: one problem, or several of one kind.
        UsageProblem: several of different kinds.
    """
    if not problems:
        return
    if len(problems) == 1:
        raise problems[0]
    kinds = {type(problem) for problem in problems}
    kind = kinds.pop() if len(kinds) == 1 else UsageProblem
    hints = "; ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint))
    raise kind(
        f"{len(problems)} of the words given cannot be used: {problems[0].message}",
        hint=hints,
        details=tuple(_lines(problems)),
    )


def _lines(problems: Iterable[UsageProblem]) -> Iterable[str]:
    for problem in problems:
        yield problem.message
        yield from (f"  {line}" for line in problem.details)
