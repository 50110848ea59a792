# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans in modules: what a placement can be told, the request that it makes, and running a plan."""

from __future__ import annotations

from ansible_collections.vsphere.motion.plugins.module_utils.running import (
    finish,
    options_of,
    places_of,
    plan_result,
    run,
)


def placing_spec():
    """The argument spec of how VMs are placed."""
    return {
        "cordoned": {"type": "list", "elements": "str", "default": []},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "use_ha_reserve": {"type": "bool", "default": False},
    }


def evenness_spec():
    """The argument spec of evening out."""
    return {
        "goal": {"type": "str", "choices": ["memory", "cpu", "both"], "default": "both"},
        "max_moves": {"type": "int", "default": 20},
        "min_gain": {"type": "float", "default": 2.0},
    }


def plan_request(kind, words, params):
    """The request for a plan of this kind."""
    from vsphere_motion.model.plan_file import PlanKind
    from vsphere_motion.model.plan_request import PlanRequest
    from vsphere_motion.service.checks import require_known

    for check_id in params["skip_checks"]:
        require_known("skip_checks", check_id)
    given = {name: params[name] for name in ("goal", "max_moves", "min_gain") if params.get(name) is not None}
    return PlanRequest(
        kind=PlanKind(kind),
        words=tuple(words),
        to_host=params.get("destination_host"),
        to_cluster=params.get("destination_cluster"),
        moves_powered_off=params.get("powered_off") != "leave",
        keeps_ha_reserve=not params["use_ha_reserve"],
        skip_checks=tuple(params["skip_checks"]),
        cordoned=tuple(params["cordoned"]),
        exclude=tuple(params["exclude"]),
        **given,
    )


def plan_now(module, vcenter, request):
    """A plan of how things are now, ready to be run."""
    from vsphere_motion.service.planned import plan_now as made

    return made(vcenter, request, partial=module.params["partial"], places=places_of(module.params))


def preview(file):
    """What running a plan would do, as a module's result; the plan itself is what the command prints."""
    from vsphere_motion.service.plan_files import plan_document
    from vsphere_motion.service.results import plan_file_results

    return {**plan_result(plan_file_results(file)), "plan": plan_document(file)}


def preview_ready(ready):
    """The same of what is left of a plan."""
    from vsphere_motion.service.plan_files import plan_document
    from vsphere_motion.service.results import plan_file_results

    return {**plan_result(plan_file_results(ready.file, ready.done)), "plan": plan_document(ready.file)}


def given_plan(params):
    """The plan of the options `plan` and `path`."""
    from pathlib import Path

    from vsphere_motion.service.plan_files import plan_of, read_plan

    return read_plan(Path(params["path"])) if params["path"] else plan_of(params["plan"], "that was given")


def perform(module, vcenter, ready):
    """Run what is left of a plan, as a module's result; what cannot go is a result too, so that the module fails."""
    from vsphere_motion.service.plan_files import plan_document
    from vsphere_motion.service.planned import run_ready
    from vsphere_motion.service.results import plan_file_results

    if not ready.plan.moves:
        return preview_ready(ready)
    options = options_of(module.params, of_plan=True)
    result = run(
        module,
        vcenter,
        lambda journal, control: run_ready(vcenter, journal, ready, control=control, options=options),
    )
    stuck = [one for one in plan_file_results(ready.file) if one["state"] == "blocked"]
    told = {one["vm"]["moid"] for one in stuck}
    others = [one for one in result["results"] if one["vm"]["moid"] not in told]
    return {**result, "results": others + stuck, "plan": plan_document(ready.file)}


def refuse_stuck(module, file):
    """End the module where a VM cannot go, unless `partial`; the message names every one with its reasons."""
    if file.stuck and not module.params["partial"]:
        result = preview(file)
        moved = {"state": "not_started", "changed": False}
        kept = [{**one, **moved} if one["changed"] else one for one in result["results"]]
        finish(module, {**result, "changed": False, "results": kept, "diff": {"before": {}, "after": {}}})
