"""The logins of a session: one at a time, none after a refusal, none without credentials."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from vsphere_motion.errors import (
    AccessRefused,
    CallTimeout,
    CredentialMissing,
    LoginRefused,
    PermissionMissing,
    Unreachable,
    VCenterFault,
    VCenterUnavailable,
)
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.logins import Logins

SECRET = "correct-horse-battery"
CREDENTIALS = Credentials(user="bob@vsphere.local", password=Password(SECRET), source="the test")


class Server:
    """Takes logins: it refuses or fails with these, one for each login, and accepts the rest."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.logins: list[Credentials] = []

    def log_in(self, credentials: Credentials) -> None:
        self.logins.append(credentials)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer


def begun(server: Server, *, relogin: bool = True) -> Logins:
    logins = Logins(server.log_in, CREDENTIALS, server="vc01")
    logins.begin()
    if not relogin:
        logins.forget()
    return logins


def test_a_renewal_is_a_login_and_the_next_one_needs_to_have_seen_it() -> None:
    server = Server()
    logins = begun(server)
    assert logins.renew(1, Deadline(1.0))
    assert logins.renew(1, Deadline(1.0))
    assert logins.count == len(server.logins) == 2
    assert logins.renew(2, Deadline(1.0))
    assert logins.count == len(server.logins) == 3


def test_threads_that_saw_the_same_end_share_a_login() -> None:
    server = Server()
    logins = begun(server)
    barrier = threading.Barrier(20)

    def renew(_: int) -> bool:
        barrier.wait(30)
        return logins.renew(1, Deadline(30.0))

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(renew, range(20)))
    assert len(server.logins) == 2


def test_without_credentials_there_is_no_login() -> None:
    server = Server()
    logins = begun(server, relogin=False)
    assert not logins.renew(1, Deadline(1.0))
    assert not logins.has_credentials
    assert len(server.logins) == 1


def test_credentials_that_are_forgotten_are_gone() -> None:
    logins = begun(Server())
    assert logins.has_credentials
    logins.forget()
    assert SECRET not in repr(vars(logins))
    assert not any(isinstance(value, Credentials) for value in vars(logins).values())


@pytest.mark.parametrize("refusal", [LoginRefused("wrong"), PermissionMissing("wrong")])
def test_a_refusal_is_the_last_login(refusal: AccessRefused) -> None:
    server = Server(None, refusal)
    logins = begun(server)
    errors = []
    for _ in range(3):
        with pytest.raises(LoginRefused, match=r"bob@vsphere\.local on vc01: wrong") as caught:
            logins.renew(1, Deadline(1.0))
        errors.append(caught.value)
    assert len(server.logins) == 2
    assert not logins.has_credentials
    assert len({id(error) for error in errors}) == 3


def test_a_password_that_is_not_found_is_no_refusal() -> None:
    server = Server(None, CredentialMissing("no password in the keyring"))
    logins = begun(server)
    with pytest.raises(CredentialMissing, match="keyring"):
        logins.renew(1, Deadline(1.0))
    assert logins.renew(1, Deadline(1.0))


def test_a_vcenter_that_cannot_log_anybody_in_yet_is_away() -> None:
    server = Server(None, VCenterFault("A general system error occurred", fault_kind="SystemError"))
    logins = begun(server)
    with pytest.raises(Unreachable, match="general system error") as caught:
        logins.renew(1, Deadline(1.0))
    assert caught.value.may_pass
    assert logins.renew(1, Deadline(1.0))


def test_a_login_without_an_answer_may_be_tried_again() -> None:
    server = Server(None, Unreachable("reset"))
    logins = begun(server)
    with pytest.raises(Unreachable):
        logins.renew(1, Deadline(1.0))
    assert logins.count == 1
    assert logins.renew(1, Deadline(1.0))
    assert logins.count == 2


class Announcing(Deadline):
    """A deadline that tells when somebody begins to wait for it."""

    waiting = threading.Semaphore(0)

    @property
    def left_s(self) -> float:
        self.waiting.release()
        return super().left_s


def test_threads_that_waited_for_a_login_without_an_answer_do_not_try_their_own() -> None:
    """Each might be one that the server counts as refused."""
    waiters = 5
    tried: list[bool] = []

    def lost(_: Credentials) -> None:
        if logins.count:
            tried.append(all(Announcing.waiting.acquire(timeout=30) for _ in range(waiters)))
            raise CallTimeout("no answer within 60 s")

    def renew(_: int) -> Exception | None:
        try:
            logins.renew(1, Announcing(30.0))
        except VCenterUnavailable as error:
            return error
        return None

    logins = Logins(lost, CREDENTIALS, server="vc01")
    logins.begin()
    with ThreadPoolExecutor(waiters) as pool:
        errors = list(pool.map(renew, range(waiters)))
    assert tried == [True]
    assert sorted(type(error).__name__ for error in errors) == ["CallTimeout", *["Unreachable"] * (waiters - 1)]
    assert all("no answer within 60 s" in str(error) for error in errors)


def test_waiting_for_another_threads_login_ends_at_the_deadline() -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(_: Credentials) -> None:
        if logins.count:
            entered.set()
            leave.wait(30)

    logins = Logins(slow, CREDENTIALS, server="vc01")
    logins.begin()
    other = threading.Thread(target=logins.renew, args=(1, Deadline(30.0)))
    other.start()
    entered.wait(30)
    with pytest.raises(CallTimeout, match="wait for the new login"):
        logins.renew(1, Deadline(0.05))
    leave.set()
    other.join()
    assert logins.count == 2


def test_each_new_login_is_one_line_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    begun(Server()).renew(1, Deadline(1.0))
    (line,) = caplog.messages
    assert line == "vCenter had ended the session of bob@vsphere.local on vc01; logged in again (login 2)"
