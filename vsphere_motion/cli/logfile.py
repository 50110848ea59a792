"""The log of one call: `--verbose` and `--debug` on standard error, `--log-file` in a file, no secret in either.

Rules of this file: a record is one line; the lines of a traceback follow it and begin with `  | `; what a terminal
would obey is written out, so that no name of a VM can pretend to be a line of the log.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from vsphere_motion.credentials import OTHER_PASSWORD_VARIABLE, PASSWORD_VARIABLES
from vsphere_motion.errors import BadInput
from vsphere_motion.model.address import password_in_url
from vsphere_motion.report.escape import escape_text

_COOKIE = re.compile(r"(vmware_soap_session|vmware-api-session-id)(\W{1,4})[\w\-\"]+", re.IGNORECASE)
_PASSWORD_ELEMENT = re.compile(r"(<password[^>]*>)[^<]*(</password>)", re.IGNORECASE)
_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SHORT_FORM = "warning: %(message)s"


class Redaction(logging.Filter):
    """Takes session cookies, password elements and the known secrets out of every record.

    Args:
        secrets: texts that never appear; those shorter than four characters are left, they are in every other word.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = [form for secret in secrets if len(secret) >= 4 for form in (secret, quote(secret, safe=""))]

    def add(self, secret: str) -> None:
        """One more text that never appears."""
        if len(secret) >= 4:
            self._secrets += [secret, quote(secret, safe="")]

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is never dropped."""
        record.msg, record.args = self.clean(record.getMessage()), None
        if record.exc_info:
            record.exc_text, record.exc_info = logging.Formatter().formatException(record.exc_info), None
        if record.exc_text:
            record.exc_text = self.clean(record.exc_text)
        return True

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _PASSWORD_ELEMENT.sub(r"\1***\2", _COOKIE.sub(r"\1\2***", text))


class OneLine(logging.Formatter):
    """A record as one line, the lines of its traceback behind it, indented and marked."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record that `Redaction` has cleaned."""
        record.message = escape_text(record.getMessage())
        record.asctime = self.formatTime(record, self.datefmt)
        behind = record.exc_text.split("\n") if record.exc_text else []
        return "\n".join([self.formatMessage(record), *(f"  | {escape_text(line)}" for line in behind)])


REDACTION = Redaction()


@contextlib.contextmanager
def logging_to(values: Mapping[str, object], environment: Mapping[str, str]) -> Iterator[None]:
    """Within the block the package's log goes where the options say; its warnings go to standard error in any case.

    Raises:
        BadInput: the log file cannot be written.
    """
    handlers = _handlers(values)
    redaction = Redaction(_secrets_of(environment))
    logger = logging.getLogger("vsphere_motion")
    previous = logger.level
    for handler in handlers:
        handler.addFilter(redaction)
        handler.addFilter(REDACTION)
        logger.addHandler(handler)
    logger.setLevel(min(handler.level for handler in handlers))
    try:
        yield
    finally:
        logger.setLevel(previous)
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _handlers(values: Mapping[str, object]) -> list[logging.Handler]:
    """A handler for standard error, and one for the log file; without the first Python would write warnings raw."""
    is_told = bool(values["debug"] or values["verbose"])
    wanted = logging.DEBUG if values["debug"] else logging.INFO
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    handlers[0].setLevel(wanted if is_told else logging.WARNING)
    handlers[0].setFormatter(OneLine(_FORM if is_told else _SHORT_FORM))
    if values["log_file"]:
        handlers.append(_file_handler(str(values["log_file"])))
        handlers[1].setLevel(wanted)
        handlers[1].setFormatter(OneLine(_FORM))
    return handlers


def _file_handler(path: str) -> logging.Handler:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as problem:
        raise BadInput(
            f"--log-file {path} cannot be written: {problem.strerror}", hint="name a file you may write to"
        ) from problem


def _secrets_of(environment: Mapping[str, str]) -> Iterator[str]:
    for name in (*PASSWORD_VARIABLES, OTHER_PASSWORD_VARIABLE):
        value = environment.get(name, "")
        secret = password_in_url(value) if name == "GOVC_URL" else value
        if secret:
            yield secret
