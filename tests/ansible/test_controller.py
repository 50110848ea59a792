"""What is written for a controller, a builder and a rulebook names what exists."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.ansible.modules import COLLECTION, ROOT

PLAYBOOKS = ROOT / "playbooks"
TEMPLATES = yaml.safe_load((PLAYBOOKS / "controller" / "templates.yml").read_text(encoding="utf-8"))
JOBS = {job["name"]: job for job in TEMPLATES["job_templates"]}


def variables_of(playbook: str) -> str:
    """The text of a playbook's like in the collection, with that of the roles it imports."""
    text = (COLLECTION / "playbooks" / playbook).read_text(encoding="utf-8")
    roles = re.findall(r"name: vsphere\.motion\.(\w+)$", text, re.MULTILINE)
    return text + "".join((COLLECTION / "roles" / role / "tasks" / "main.yml").read_text() for role in roles)


@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_a_job_template_has_a_playbook_and_its_survey_asks_for_what_that_takes(job: dict[str, Any]) -> None:
    file = ROOT / job["playbook"]
    assert file.is_file()
    text = variables_of(file.name)
    for question in job.get("survey", []):
        assert re.search(rf"\b{question['variable']}\b", text), question


def test_a_workflow_runs_job_templates_that_exist_with_an_approval_between_plan_and_apply() -> None:
    (workflow,) = TEMPLATES["workflows"]
    nodes = {node["identifier"]: node for node in workflow["nodes"]}
    following = {
        name: [one["identifier"] for one in node.get("related", {}).get("success_nodes", [])]
        for name, node in nodes.items()
    }

    assert following == {"plan": ["approval"], "approval": ["apply"], "apply": []}
    assert nodes["approval"]["unified_job_template"]["type"] == "workflow_approval"
    assert JOBS[nodes["plan"]["unified_job_template"]["name"]]["playbook"] == "playbooks/plan_evacuation.yml"
    assert JOBS[nodes["apply"]["unified_job_template"]["name"]]["playbook"] == "playbooks/apply_plan.yml"


def test_a_rulebook_runs_templates_that_exist() -> None:
    (rules,) = yaml.safe_load((COLLECTION / "extensions/eda/rulebooks/host_alarm.yml").read_text(encoding="utf-8"))
    actions = [rule["action"] for rule in rules["rules"]]
    workflows = {workflow["name"] for workflow in TEMPLATES["workflows"]}

    assert {
        action["run_workflow_template"]["name"] for action in actions if "run_workflow_template" in action
    } == workflows
    assert {action["run_job_template"]["name"] for action in actions if "run_job_template" in action} <= set(JOBS)


def test_an_execution_environment_installs_the_collection_with_its_requirements() -> None:
    definition = yaml.safe_load((PLAYBOOKS / "controller" / "execution-environment.yml").read_text(encoding="utf-8"))
    own = yaml.safe_load((COLLECTION / "meta" / "execution-environment.yml").read_text(encoding="utf-8"))

    assert definition["version"] == 3
    (collection,) = definition["dependencies"]["galaxy"]["collections"]
    assert collection["name"].endswith("#/playbooks/collections/ansible_collections/vsphere/motion/")
    requirements = (COLLECTION / own["dependencies"]["python"]).read_text(encoding="utf-8")
    assert requirements.startswith("vsphere-motion>=")
