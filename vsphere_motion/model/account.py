"""An account and its password, wrapped so that it never shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Password:
    """A secret that shows only stars; `reveal` is for `vcenter/session.py`, the service locator of
    `vcenter/across.py` and the keyring alone."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def reveal(self) -> str:
        """The secret itself."""
        return self._secret

    def __repr__(self) -> str:
        return "Password('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Password) and other._secret == self._secret

    def __hash__(self) -> int:
        return hash(self._secret)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Password is never pickled")


class DeferredPassword(Password):
    """A password that is looked for, or asked for, when it is needed first.

    Args:
        find: gives the secret; called once.
    """

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[], str]) -> None:
        super().__init__("")
        self._find: Callable[[], str] | None = find

    def reveal(self) -> str:
        """The secret itself, found now if it was not found before."""
        if self._find is not None:
            self._secret, self._find = self._find(), None
        return self._secret


class Credentials(NamedTuple):
    """An account and its password.

    Args:
        source: where the password came from, in words, for `doctor`.
    """

    user: str
    password: Password
    source: str
