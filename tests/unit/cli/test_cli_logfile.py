"""The log goes where it was asked for, and no secret with it."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import pytest

from vsphere_motion.cli.logfile import OneLine, Redaction, logging_to
from vsphere_motion.errors import BadInput

SECRET = "canary/of a-password"
QUOTED = "canary%2Fof%20a-password"
COOKIE = "0123456789abcdef"


def record(text: str, *values: object, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "x.py", 1, text, values, sys.exc_info() if error else None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"password {SECRET}", id="as it is"),
        pytest.param(f"https://eve:{QUOTED}@vc01", id="in a URL"),
        pytest.param(f'Cookie: vmware_soap_session="{COOKIE}"; Path=/', id="cookie"),
        pytest.param(f"vmware-api-session-id: {COOKIE}", id="session of the automation API"),
        pytest.param(f"<userName>eve</userName><password>{COOKIE}</password>", id="login request"),
    ],
)
def test_secrets_are_taken_out_of_text_and_values(text: str) -> None:
    for shown in (record(text), record("%s", text)):
        assert Redaction([SECRET]).filter(shown)
        assert SECRET not in shown.getMessage()
        assert QUOTED not in shown.getMessage()
        assert COOKIE not in shown.getMessage()
        assert "***" in shown.getMessage()


def test_a_traceback_is_cleaned_too() -> None:
    try:
        raise ValueError(SECRET)  # noqa: TRY301
    except ValueError:
        shown = record("it failed", error=True)

    Redaction([SECRET]).filter(shown)

    assert OneLine("%(message)s").format(shown).endswith("\n  | ValueError: ***")
    assert SECRET not in logging.Formatter("%(message)s").format(shown)


def test_a_record_is_one_line_whatever_a_name_holds() -> None:
    try:
        raise ValueError("\x1b[2J\n2026-11-22 all is well")  # noqa: TRY301
    except ValueError:
        shown = record("VM %s", "web\n2026-11-22 INFO all is well\u202e\x9b\ud800", error=True)
    Redaction().filter(shown)

    first, *behind = OneLine("%(message)s").format(shown).split("\n")

    assert first == "VM web\\n2026-11-22 INFO all is well\\u202e\\x9b\\ud800"
    assert behind[-2:] == ["  | ValueError: \\x1b[2J", "  | 2026-11-22 all is well"]
    assert all(line.startswith("  | ") for line in behind)


def options(**changes: object) -> dict[str, object]:
    return {"debug": False, "verbose": False, "log_file": None, **changes}


def test_the_log_file_is_private_and_holds_what_the_package_logs(tmp_path: Path) -> None:
    path = tmp_path / "log"
    logger = logging.getLogger("vsphere_motion.test")

    with logging_to(options(log_file=str(path)), {"VMWARE_PASSWORD": SECRET}):
        logger.info("logged in with %s", SECRET)
        logger.debug("a detail")
    logger.info("afterwards")

    text = path.read_text()
    assert "INFO vsphere_motion.test: logged in with ***\n" in text
    assert "a detail" not in text
    assert "afterwards" not in text
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_password_of_govc_url_is_known(tmp_path: Path) -> None:
    path = tmp_path / "log"

    with logging_to(options(log_file=str(path), debug=True), {"GOVC_URL": f"eve:{QUOTED}@vc01"}):
        logging.getLogger("vsphere_motion.test").debug("it is %s", SECRET)

    assert "DEBUG vsphere_motion.test: it is ***\n" in path.read_text()


@pytest.mark.parametrize(
    ("changes", "shown"),
    [({}, []), ({"verbose": True}, ["info"]), ({"debug": True}, ["debug", "info"])],
    ids=["silent", "verbose", "debug"],
)
def test_verbose_and_debug_go_to_standard_error(
    changes: dict[str, object], shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logger = logging.getLogger("vsphere_motion.test")

    with logging_to(options(**changes), {}):
        logger.debug("debug")
        logger.info("info")

    assert [line.rpartition(": ")[2] for line in stream.getvalue().splitlines()] == shown


def test_a_log_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(BadInput, match="--log-file"),
        logging_to(options(log_file=str(tmp_path / "no" / "log")), {}),
    ):
        pass
