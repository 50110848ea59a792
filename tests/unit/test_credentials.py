"""Where a password comes from, with real keyring backends in processes of their own."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from vsphere_motion.credentials import (
    PASSWORD_VARIABLES,
    Account,
    find_credentials,
    find_in_environment,
    find_new_password,
    without_passwords,
)
from vsphere_motion.errors import CredentialMissing
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.sim.container import ask_engine

SECRET = "a-long-password-for-tests"
ACCOUNT = Account(host="vc01", port=443, user="administrator@vsphere.local")


def test_a_password_never_shows_itself() -> None:
    password = Password(SECRET)

    assert SECRET not in f"{password} {password!r} {Credentials(user='eve', password=password, source='prompt')}"
    assert password.reveal() == SECRET
    with pytest.raises(TypeError):
        pickle.dumps(password)


@pytest.mark.parametrize(
    ("port", "service"), [(443, "vsphere-motion:vc01"), (8443, "vsphere-motion:vc01:8443")], ids=["443", "another port"]
)
def test_the_service_name_has_the_port_only_where_it_is_not_443(port: int, service: str) -> None:
    assert Account(host="vc01", port=port, user="eve").service == service


def test_standard_input_beats_the_environment_and_that_the_command() -> None:
    environment = {"VMWARE_PASSWORD": "from-the-environment"}

    first = find_credentials(ACCOUNT, environment, read_stdin=lambda: SECRET, run_command=lambda: "from-the-command")
    second = find_credentials(ACCOUNT, environment, run_command=lambda: "from-the-command")
    third = find_credentials(ACCOUNT, {}, run_command=lambda: "from-the-command")

    assert (first.password.reveal(), first.source) == (SECRET, "--password-stdin")
    assert (second.password.reveal(), second.source) == ("from-the-environment", "VMWARE_PASSWORD")
    assert (third.password.reveal(), third.source) == ("from-the-command", "password_command")


FAMILIES = ("VSPHERE_MOTION_PASSWORD", "VMWARE_PASSWORD", "GOVC_PASSWORD", "VSPHERE_PASSWORD")


@pytest.mark.parametrize("first", range(len(FAMILIES)))
def test_the_variables_have_one_order_and_an_empty_one_is_unset(first: int) -> None:
    environment = dict.fromkeys(FAMILIES[:first], "") | {name: f"of {name}" for name in FAMILIES[first:]}

    assert find_in_environment(ACCOUNT, environment) == (f"of {FAMILIES[first]}", FAMILIES[first])


@pytest.mark.parametrize(
    ("url", "found"),
    [
        pytest.param(f"eve:{SECRET}@vc01/sdk", SECRET, id="the same host"),
        pytest.param("eve:p%40ss-w%2Frd@vc01", "p@ss-w/rd", id="quoted characters"),
        pytest.param(f"eve:{SECRET}@vc02/sdk", None, id="another host"),
        pytest.param(f"eve:{SECRET}@vc01:8443/sdk", None, id="another port"),
        pytest.param("vc01", None, id="no password"),
        pytest.param("vc01:nonsense", None, id="no URL"),
    ],
)
def test_the_password_of_a_url_goes_to_its_own_host_alone(url: str, found: str | None) -> None:
    assert find_in_environment(ACCOUNT, {"GOVC_URL": url}) == (None if found is None else (found, "GOVC_URL"))


def test_an_empty_answer_is_no_password() -> None:
    with pytest.raises(CredentialMissing, match="--password-stdin is empty"):
        find_credentials(ACCOUNT, {"VMWARE_PASSWORD": SECRET}, read_stdin=lambda: "")


def test_login_asks_although_nothing_is_in_the_environment() -> None:
    assert find_new_password(ACCOUNT, {}, prompt=lambda: SECRET).source == "prompt"
    with pytest.raises(CredentialMissing):
        find_new_password(ACCOUNT, {})


def test_programs_that_are_started_are_given_no_password() -> None:
    environment = {**dict.fromkeys(PASSWORD_VARIABLES, SECRET), "PATH": "/usr/bin:/bin", "KEPT": "1"}

    assert without_passwords(environment) == {"PATH": "/usr/bin:/bin", "KEPT": "1"}
    shown = ask_engine(sys.executable, ["-c", "import os; print(dict(os.environ))"], environment).stdout
    assert SECRET not in shown
    assert "KEPT" in shown


PROBE = """
import os, sys
from vsphere_motion.credentials import *
from vsphere_motion.errors import CredentialMissing
account = Account(host="vc01", port=443, user="eve")
environment = dict(os.environ)
try:
    {body}
except CredentialMissing as problem:
    print("MISSING", problem.message, "|", problem.hint, "|", *problem.details)
"""
STORE = 'print("STORED", store_password(account, Password("{secret}"), environment))'
FIND = 'found = find_credentials(account, environment); print("FOUND", found.password.reveal(), found.source)'
PROMPT = 'print("FOUND", find_credentials(account, environment, prompt=lambda: "typed-at-the-prompt").source)'
FORGET = 'print("FORGOT", forget_password(account, environment))'
STATE = 'state = keyring_state(environment); print("STATE", state.name, "|", state.problem)'


def probe(home: Path, body: str, **variables: str) -> str:
    """What a fresh process prints; keyring chooses its backend once a process."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(body=body.replace("{secret}", SECRET))],
        env={"HOME": str(home), "XDG_DATA_HOME": str(home), "PATH": "", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


CHOSEN = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}


def test_a_chosen_backend_stores_finds_and_forgets(tmp_path: Path) -> None:
    assert probe(tmp_path, STORE, **CHOSEN) == "STORED keyrings.alt.file.PlaintextKeyring\n"
    assert probe(tmp_path, FIND, **CHOSEN).startswith(f"FOUND {SECRET} keyring")
    assert probe(tmp_path, FORGET, **CHOSEN) == "FORGOT True\n"
    assert probe(tmp_path, FORGET, **CHOSEN) == "FORGOT False\n"
    assert "no password for eve on vc01" in probe(tmp_path, FIND, **CHOSEN)


def test_a_plain_text_backend_nobody_chose_is_not_used(tmp_path: Path) -> None:
    probe(tmp_path, STORE, **CHOSEN)

    assert "plain text" in probe(tmp_path, STORE)
    assert "plain text" in probe(tmp_path, STATE)
    assert SECRET not in probe(tmp_path, FIND)


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("keyring.backends.fail.Keyring", id="none"),
        pytest.param("no.such.Backend", id="no such module"),
        pytest.param("keyring.backends.null.NoSuch", id="no such class"),
        pytest.param("nonsense", id="no dotted name"),
    ],
)
def test_without_a_backend_three_ways_are_named(tmp_path: Path, backend: str) -> None:
    for body in (STORE, FIND, FORGET):
        said = probe(tmp_path, body, PYTHON_KEYRING_BACKEND=backend)
        assert said.startswith("MISSING"), said
        for way in ("VSPHERE_MOTION_PASSWORD", "--password-stdin", "terminal", "install a keyring backend"):
            assert way in said
    assert " | None" not in probe(tmp_path, STATE, PYTHON_KEYRING_BACKEND=backend)


def test_without_a_backend_a_prompt_still_works(tmp_path: Path) -> None:
    assert probe(tmp_path, PROMPT, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring") == "FOUND prompt\n"


def test_a_backend_that_forgets_is_noticed_by_reading_back(tmp_path: Path) -> None:
    said = probe(tmp_path, STORE, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")

    assert "did not keep the password" in said
    assert "--password-stdin" in said
