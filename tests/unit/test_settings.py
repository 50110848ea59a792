"""Which place wins for each setting, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.settings import (
    RememberedServer,
    Settings,
    Sources,
    parse_duration,
    parse_switch,
    read_config,
    resolve,
    state_directory,
)

PIN = ":".join(["AB"] * 32)
OTHER_PIN = ":".join(["CD"] * 32)
KEY = "vc01:443"


def given(flags: dict[str, Any] | None = None, /, config: dict[str, Any] | None = None, **environment: str) -> Settings:
    return resolve(Sources(flags=flags or {}, environment=environment, config=config or {}))


FAMILIES = [
    ("VSPHERE_MOTION_SERVER", "a.example"),
    ("VSPHERE_MOTION_HOST", "b.example"),
    ("VMWARE_HOST", "c.example"),
    ("GOVC_URL", "d.example"),
    ("VSPHERE_SERVER", "e.example"),
]


@pytest.mark.parametrize("first", range(len(FAMILIES)))
def test_the_families_of_variables_have_one_order(first: int) -> None:
    settings = given(**dict(FAMILIES[first:]))

    name, host = FAMILIES[first]
    assert settings.endpoint.host == host
    assert settings.source_of("server") == name


@pytest.mark.parametrize("empty", range(1, len(FAMILIES)))
def test_an_empty_variable_counts_as_unset(empty: int) -> None:
    environment = {name: "" for name, _ in FAMILIES[:empty]} | dict(FAMILIES[empty:])

    assert given(**environment).endpoint.host == FAMILIES[empty][1]


def test_a_flag_beats_every_variable() -> None:
    settings = given({"server": "flag.example", "user": "flo"}, **dict(FAMILIES), VSPHERE_MOTION_USER="eve")

    assert (settings.endpoint.host, settings.user) == ("flag.example", "flo")
    assert settings.source_of("server") == "--server"


def test_a_variable_beats_the_context() -> None:
    config = {"default": "lab", "contexts": {"lab": {"server": "vc01", "user": "context"}}}

    assert given(config=config, VMWARE_HOST="vc01", VMWARE_USER="env").user == "env"
    assert given(config=config).user == "context"
    assert given(config=config).source_of("user") == "config.toml: user"


def test_the_default_context_of_another_server_lends_nothing() -> None:
    config = {"default": "lab", "contexts": {"lab": {"server": "vc02", "user": "context", "thumbprint": PIN}}}

    settings = given(config=config, VMWARE_HOST="vc01")

    assert settings.user is None
    assert settings.endpoint.thumbprint is None


def test_a_named_context_is_used_although_the_server_is_another() -> None:
    config = {"contexts": {"lab": {"server": "vc02", "user": "context"}}}

    assert given({"context": "lab"}, config=config, VMWARE_HOST="vc01").user == "context"


ADDRESSES = [
    pytest.param("vc01", "vc01", 443, id="a name"),
    pytest.param("vc01:8443", "vc01", 8443, id="a name and a port"),
    pytest.param("[::1]:8443", "::1", 8443, id="IPv6 and a port"),
    pytest.param("fd00::7", "fd00::7", 443, id="bare IPv6"),
    pytest.param("https://vc01/sdk", "vc01", 443, id="a URL"),
    pytest.param("https://vc01:8989/sdk", "vc01", 8989, id="a URL with a port"),
    pytest.param("user:secret-word@vc01:8989/sdk", "vc01", 8989, id="a URL without scheme"),
]


@pytest.mark.parametrize(("text", "host", "port"), ADDRESSES)
def test_a_server_is_written_in_many_ways(text: str, host: str, port: int) -> None:
    endpoint = given(GOVC_URL=text).endpoint

    assert (endpoint.host, endpoint.port) == (host, port)


def test_a_port_in_the_address_beats_the_port_variable() -> None:
    assert given(VMWARE_HOST="vc01:8443", VMWARE_PORT="9443").endpoint.port == 8443
    assert given(VMWARE_HOST="vc01", VMWARE_PORT="9443").endpoint.port == 9443


def test_govc_url_gives_the_user_where_govc_username_does_not() -> None:
    url = "https://admin%40vsphere.local:secret-word@vc01/sdk"

    assert given(GOVC_URL=url).user == "admin@vsphere.local"
    assert given(GOVC_URL=url, GOVC_USERNAME="eve").user == "eve"
    assert "secret-word" not in str(given(GOVC_URL=url))


@pytest.mark.parametrize(
    ("environment", "insecure"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"VSPHERE_MOTION_INSECURE": "1"}, True, id="own"),
        pytest.param({"VMWARE_VALIDATE_CERTS": "false"}, True, id="validate false"),
        pytest.param({"VMWARE_VALIDATE_CERTS": "yes"}, False, id="validate yes"),
        pytest.param({"GOVC_INSECURE": "true"}, True, id="govc"),
        pytest.param({"VSPHERE_ALLOW_UNVERIFIED_SSL": "true"}, True, id="terraform"),
        pytest.param({"VMWARE_VALIDATE_CERTS": "true", "GOVC_INSECURE": "1"}, False, id="a stronger no"),
        pytest.param({"VSPHERE_MOTION_CA_FILE": "ca.pem", "GOVC_INSECURE": "1"}, False, id="a stronger CA file"),
        pytest.param({"GOVC_TLS_CA_CERTS": "ca.pem", "VMWARE_VALIDATE_CERTS": "0"}, True, id="a weaker CA file"),
    ],
)
def test_verification_is_on_unless_a_place_that_counts_says_otherwise(
    environment: dict[str, str], insecure: bool
) -> None:
    assert given(VMWARE_HOST="vc01", **environment).endpoint.insecure is insecure


def test_the_insecure_flag_counts_although_a_ca_file_is_set() -> None:
    assert given({"server": "vc01", "insecure": True}, VSPHERE_MOTION_CA_FILE="ca.pem").endpoint.insecure


def test_pins_come_from_flag_govc_context_and_login_in_this_order() -> None:
    sources = {
        "config": {"contexts": {"lab": {"thumbprint": PIN.replace("AB", "11")}}},
        "known_hosts": {KEY: PIN.replace("AB", "22")},
        "remembered": {KEY: RememberedServer(thumbprint=PIN.replace("AB", "33"))},
    }
    flags: dict[str, object] = {"server": "vc01", "context": "lab", "thumbprint": OTHER_PIN}

    def pin() -> str | None:
        return resolve(Sources(flags=flags, **sources)).endpoint.thumbprint  # type: ignore[arg-type]

    assert pin() == OTHER_PIN
    del flags["thumbprint"]
    assert pin() == PIN.replace("AB", "22")
    sources["known_hosts"] = {}
    assert pin() == PIN.replace("AB", "11")
    del flags["context"]
    assert pin() == PIN.replace("AB", "33")


def test_a_pin_of_another_port_is_another_servers() -> None:
    remembered = {"vc01:8443": RememberedServer(thumbprint=PIN, user="eve")}

    settings = resolve(Sources(flags={"server": "vc01"}, remembered=remembered))

    assert (settings.endpoint.thumbprint, settings.user) == (None, None)


def test_the_remembered_user_is_the_last_resort() -> None:
    remembered = {KEY: RememberedServer(user="eve")}

    assert resolve(Sources(flags={"server": "vc01"}, remembered=remembered)).user == "eve"
    assert resolve(Sources(flags={"server": "vc01", "user": "flo"}, remembered=remembered)).user == "flo"


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        pytest.param({"VMWARE_PORT": "https"}, "VMWARE_PORT", id="port"),
        pytest.param({"VMWARE_PORT": "65536"}, "VMWARE_PORT", id="port out of range"),
        pytest.param({"VMWARE_VALIDATE_CERTS": "maybe"}, "VMWARE_VALIDATE_CERTS", id="switch"),
        pytest.param({"VSPHERE_MOTION_CALL_TIMEOUT": "soon"}, "VSPHERE_MOTION_CALL_TIMEOUT", id="duration"),
        pytest.param({"VSPHERE_MOTION_THUMBPRINT": "AB:CD"}, "VSPHERE_MOTION_THUMBPRINT", id="thumbprint"),
        pytest.param({"GOVC_TLS_CA_CERTS": "a.pem:b.pem"}, "GOVC_TLS_CA_CERTS", id="two CA files"),
    ],
)
def test_a_bad_value_names_its_variable(environment: dict[str, str], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        given(VMWARE_HOST="vc01", **environment)


def test_a_bad_flag_is_named_as_it_is_written() -> None:
    with pytest.raises(BadInput, match="--call-timeout"):
        given({"server": "vc01", "call_timeout": "0s"})


@pytest.mark.parametrize("url", ["http://u:secret-word@vc01", "u:secret-word@vc01:port", "u:secret-word@"])
def test_the_message_about_a_bad_url_keeps_its_password(url: str) -> None:
    with pytest.raises(BadInput, match="GOVC_URL") as caught:
        given(GOVC_URL=url)

    assert "secret-word" not in str(caught.value)


def test_a_password_in_the_server_flag_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadInput) as caught:
        given({"server": "eve:secret-word@vc01"})

    assert "secret-word" not in f"{caught.value}{caught.value.hint}"


def test_no_server_says_where_one_may_come_from() -> None:
    with pytest.raises(UsageProblem) as caught:
        given()

    assert caught.value.hint is not None
    assert "--server" in caught.value.hint


@pytest.mark.parametrize(
    ("config", "word"),
    [
        pytest.param({"default": "nowhere"}, "nowhere", id="no such context"),
        pytest.param({"default": "lab", "contexts": {"lab": {"sever": "vc01"}}}, "sever", id="unknown key"),
        pytest.param({"contexts": 3}, "contexts", id="no table"),
        pytest.param(
            {"default": "lab", "contexts": {"lab": {"server": "vc01", "password_command": "pass"}}},
            "password_command",
            id="a command that is one string",
        ),
    ],
)
def test_a_bad_context_is_refused(config: dict[str, Any], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        given(config=config)


def test_values_in_the_context_file_may_be_numbers_and_booleans() -> None:
    context = {
        "server": "vc01",
        "port": 8443,
        "insecure": True,
        "call_timeout": 90,
        "password_command": ["pass", "vc01"],
    }

    settings = given(config={"default": "lab", "contexts": {"lab": context}})

    assert (settings.endpoint.port, settings.endpoint.insecure, settings.endpoint.call_timeout_s) == (8443, True, 90.0)
    assert settings.password_command == ("pass", "vc01")


def test_sessions_are_renewed_and_not_kept_unless_it_is_said() -> None:
    usual = given(VMWARE_HOST="vc01")
    assert (usual.relogin, usual.session_reuse) == (True, False)

    context = {"server": "vc01", "relogin": False, "session_reuse": True}
    settings = given(config={"default": "lab", "contexts": {"lab": context}}, VSPHERE_MOTION_RELOGIN="yes")
    assert (settings.relogin, settings.session_reuse) == (True, True)
    assert settings.source_of("relogin") == "VSPHERE_MOTION_RELOGIN"


def test_every_setting_says_where_it_came_from() -> None:
    settings = given({"user": "eve"}, VMWARE_HOST="vc01")

    assert [(item.name, item.value, item.source) for item in settings.provenance] == [
        ("server", "vc01", "VMWARE_HOST"),
        ("port", "443", "default"),
        ("user", "eve", "--user"),
        ("ca-file", "-", "not set"),
        ("thumbprint", "-", "not set"),
        ("insecure", "false", "default"),
        ("call-timeout", "60.0", "default"),
        ("relogin", "true", "default"),
        ("session-reuse", "false", "default"),
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("1m30s", 90),
        ("2h", 7200),
        ("0.5", 0.5),
        ("1h1m1s", 3661),
        ("500ms", 0.5),
        ("1m500ms", 60.5),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "0", "1w", "1m 30s", "nan"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "2", "maybe"])
def test_what_is_no_switch(text: str) -> None:
    with pytest.raises(ValueError, match="true or false"):
        parse_switch(text)


def test_a_missing_config_file_is_no_error_and_a_broken_one_is(tmp_path: Path) -> None:
    assert read_config(tmp_path / "config.toml") == {}
    broken = tmp_path / "broken.toml"
    broken.write_text("default = \n")

    with pytest.raises(BadInput, match=r"broken\.toml"):
        read_config(broken)


def test_the_state_directory_is_the_variables_or_the_platforms() -> None:
    assert state_directory({"VSPHERE_MOTION_STATE_DIR": "here"}) == Path("here")
    assert state_directory({}).name == "vsphere-motion"
