"""Starting a simulator: what it is told, when it returns, and that a start that fails leaves nothing behind."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from vsphere_motion.errors import SimulatorError
from vsphere_motion.sim.options import SimOptions
from vsphere_motion.sim.process import process_mark
from vsphere_motion.sim.start import does_answer, start_simulator
from vsphere_motion.sim.state import list_states, state_root
from vsphere_motion.sim.stop import stop_all, stop_simulator
from vsphere_motion.sim.wait import wait_for
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def test_a_started_simulator_answers_and_is_a_process_of_its_own_session(vcenter: SimulatedVCenter) -> None:
    assert does_answer(vcenter.host, vcenter.port, vcenter.ca_file)
    pid = pid_of(vcenter)
    assert session_of(pid) == pid


def test_the_certificate_is_signed_by_the_authority_of_this_start_alone(vcenter_factory: VCenterFactory) -> None:
    one, other = vcenter_factory(), vcenter_factory()
    assert one.port != other.port
    assert not does_answer(one.host, one.port, other.ca_file)


def test_the_password_is_24_random_characters_and_on_no_command_line(vcenter_factory: VCenterFactory) -> None:
    one, other = vcenter_factory(), vcenter_factory()
    assert re.fullmatch(r"[A-Za-z0-9]{24}", one.password)
    assert one.password != other.password
    assert one.password not in (Path("/proc") / str(pid_of(one)) / "cmdline").read_text()
    assert one.password not in repr(one) + repr(one.state)


def test_the_state_file_is_for_the_owner_alone(vcenter: SimulatedVCenter, vcenter_environment: dict[str, str]) -> None:
    path = state_root(vcenter_environment) / f"{vcenter.port}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list_states(vcenter_environment) == (vcenter.state,)


def test_the_export_line_is_ready_for_a_shell(vcenter: SimulatedVCenter) -> None:
    script = f'{vcenter.state.export_line()}; env | grep -E "^(VMWARE|VSPHERE_MOTION)_"'
    answer = subprocess.run(["sh", "-c", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=True)
    seen = dict(line.split("=", 1) for line in answer.stdout.decode().splitlines())
    assert seen == vcenter.environment()
    assert seen["VMWARE_HOST"] == "127.0.0.1"


def test_the_server_does_not_inherit_secrets(vcenter_environment: dict[str, str]) -> None:
    environment = {**vcenter_environment, "VMWARE_PASSWORD": "correct-horse-battery-staple"}
    try:
        state = start_simulator(SimOptions(vms=0), environment)
        assert state.run is not None
        inherited = (Path("/proc") / str(getattr(state.run, "pid", None)) / "environ").read_text()
        assert "correct-horse" not in inherited
        assert "PATH=" in inherited
    finally:
        stop_all(environment)


def test_a_chosen_port_is_used(vcenter_environment: dict[str, str]) -> None:
    port = free_port()
    try:
        assert start_simulator(SimOptions(port=port, vms=0), vcenter_environment).port == port
    finally:
        stop_all(vcenter_environment)


def test_a_port_in_use_is_an_error_that_says_so_and_leaves_nothing(
    vcenter: SimulatedVCenter, vcenter_environment: dict[str, str]
) -> None:
    with pytest.raises(SimulatorError, match=f"127.0.0.1:{vcenter.port}.*address already in use") as caught:
        start_simulator(SimOptions(port=vcenter.port), vcenter_environment)
    assert caught.value.exit_code == 1
    assert caught.value.hint == "choose another port, or 0 for a free one"
    assert list_states(vcenter_environment) == (vcenter.state,)
    assert run_directories(vcenter_environment) == [vcenter.state.directory]


def test_a_failed_start_shows_the_last_lines_of_the_log(vcenter_environment: dict[str, str], tmp_path: Path) -> None:
    program = make_program(tmp_path, "for i in $(seq 30); do echo line $i; done; echo the reason >&2; exit 1")
    environment = {**vcenter_environment, "VSPHERE_MOTION_SIM_BINARY": str(program)}
    with pytest.raises(SimulatorError, match="did not start: the reason") as caught:
        start_simulator(SimOptions(), environment)
    assert caught.value.details == tuple(f"line {i}" for i in range(22, 31))
    assert run_directories(environment) == []


def test_a_start_without_an_answer_ends_at_its_deadline_and_ends_the_process(
    vcenter_environment: dict[str, str], tmp_path: Path
) -> None:
    program = make_program(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 600")
    environment = {**vcenter_environment, "VSPHERE_MOTION_SIM_BINARY": str(program)}
    with pytest.raises(SimulatorError, match="does not answer within 1 s"):
        start_simulator(SimOptions(deadline_s=1.0), environment)
    assert process_mark(int((tmp_path / "pid").read_text())) is None
    assert run_directories(environment) == []


def test_a_program_that_claims_to_be_ready_and_does_not_answer_is_an_error(
    vcenter_environment: dict[str, str], tmp_path: Path
) -> None:
    ready = f'{{"port": {free_port()}, "user": "u", "password": "p", "stock": false}}'
    body = f"""cp {tmp_path}/ca.pem "$5/ca.pem"; echo '{ready}' > "$5/ready.json"; exec sleep 600"""
    environment = {**vcenter_environment, "VSPHERE_MOTION_SIM_BINARY": str(make_program(tmp_path, body))}
    (tmp_path / "ca.pem").write_text(any_certificate())
    with pytest.raises(SimulatorError, match="nothing answers at"):
        start_simulator(SimOptions(), environment)
    assert list_states(environment) == ()


def test_a_scenario_that_is_a_file_is_found_from_the_callers_directory(
    vcenter_factory: VCenterFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("site.yaml").write_text("version: 1\nnonsense: 2\n")
    with pytest.raises(SimulatorError, match="nonsense"):
        vcenter_factory(scenario="site.yaml")


@pytest.mark.parametrize(("hosts", "vms"), [pytest.param(1, 0, id="smallest"), pytest.param(6, 11, id="other")])
def test_the_site_has_the_size_asked_for(vcenter_factory: VCenterFactory, hosts: int, vms: int) -> None:
    site = vcenter_factory(hosts=hosts, vms=vms).control.site()
    kinds = [entry["type"] for entry in site]
    assert (kinds.count("HostSystem"), kinds.count("VirtualMachine")) == (hosts, vms)


def test_a_stock_simulator_has_no_control_endpoint(vcenter_factory: VCenterFactory) -> None:
    stock = vcenter_factory(stock=True)
    assert stock.state.stock
    with pytest.raises(SimulatorError, match="404"):
        stock.control.motions()


def test_a_wrong_password_is_refused_by_the_control_endpoint(vcenter: SimulatedVCenter) -> None:
    control = type(vcenter.control)(
        host=vcenter.host,
        port=vcenter.port,
        user=vcenter.user,
        password="wrong-password-of-a-test",
        ca_file=vcenter.ca_file,
    )
    with pytest.raises(SimulatorError, match="401"):
        control.trace()


def test_a_patch_shows_and_an_unknown_object_is_an_error(vcenter: SimulatedVCenter) -> None:
    host = next(entry["moid"] for entry in vcenter.control.site() if entry["type"] == "HostSystem")
    vcenter.control.patch(host, {"runtime.inMaintenanceMode": True})
    assert vcenter.control.read(host)["runtime"]["inMaintenanceMode"] is True
    with pytest.raises(SimulatorError, match=r"404.*host-none"):
        vcenter.control.patch("host-none", {"runtime.inMaintenanceMode": True})


def test_a_simulator_that_runs_already_is_used_and_not_stopped(
    vcenter: SimulatedVCenter, vcenter_environment: dict[str, str], tmp_path: Path
) -> None:
    environment = {
        **vcenter_environment,
        "VSPHERE_MOTION_STATE_DIR": str(tmp_path),
        "VSPHERE_MOTION_SIM_URL": f"https://{vcenter.user}@{vcenter.host}:{vcenter.port}/sdk",
        "VMWARE_PASSWORD": vcenter.password,
        "VSPHERE_MOTION_CA_FILE": str(vcenter.ca_file),
    }
    state = start_simulator(SimOptions(), environment)
    assert state.variables() == vcenter.environment()
    assert state.run is None
    assert stop_simulator(environment) is None
    assert does_answer(vcenter.host, vcenter.port, vcenter.ca_file)


def test_a_url_where_nothing_answers_is_an_error(vcenter_environment: dict[str, str]) -> None:
    url = f"https://someone:some-long-password@127.0.0.1:{free_port()}/sdk"
    with pytest.raises(SimulatorError, match="no simulator answers at"):
        start_simulator(SimOptions(), {**vcenter_environment, "VSPHERE_MOTION_SIM_URL": url})


def test_waiting_ends_with_the_condition_or_the_deadline() -> None:
    looks = iter([False, False, True])
    assert wait_for(lambda: next(looks), deadline_s=60)
    assert not wait_for(lambda: False, deadline_s=0)


def make_program(directory: Path, body: str) -> Path:
    program = directory / "program"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return program


def any_certificate() -> str:
    """An authority that is no simulator's: the first one this machine trusts."""
    return ssl.DER_cert_to_PEM_cert(ssl.create_default_context().get_ca_certs(binary_form=True)[0])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def pid_of(vcenter: SimulatedVCenter) -> int:
    return int(getattr(vcenter.state.run, "pid", 0))


def session_of(pid: int) -> int:
    return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[3])


def run_directories(environment: dict[str, str]) -> list[Path]:
    return sorted(path for path in state_root(environment).iterdir() if path.is_dir())
