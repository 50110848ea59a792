"""One call of the API on its way: what is asked, until when, and who reads the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from pyVmomi.VmomiSupport import GetRequestContext

from vsphere_motion.vcenter import reads
from vsphere_motion.vcenter.connection import BodyReader
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.soap import Answer

Read: TypeAlias = Callable[[Any, Any, BodyReader], Answer]
"""Reads an answer: the stub, pyVmomi's description of the method, the body."""

_OPERATION_ID = "operationID"


class Call:
    """One call of the API; its request is the SOAP text, which may hold a password and is never shown.

    Args:
        method: pyVmomi's description of the method.
        read: reads the answer.
    """

    __slots__ = ("deadline", "method", "read", "request", "server")

    def __init__(self, *, method: Any, server: str, request: bytes, deadline: Deadline, read: Read) -> None:
        self.method = method
        self.read = read
        self.server = server
        self.request = request
        self.deadline = deadline

    @property
    def name(self) -> str:
        return str(self.method.wsdlName)

    @property
    def what(self) -> str:
        return f"call {self.name} on {self.server}"

    @property
    def is_changing(self) -> bool:
        return reads.is_changing(self.name)


@contextmanager
def operation(op_id: str | None) -> Iterator[None]:
    """Give this thread's calls in the block this operationID; None takes it away."""
    context = GetRequestContext()
    before = context.pop(_OPERATION_ID, None)
    if op_id is not None:
        context[_OPERATION_ID] = op_id
    try:
        yield
    finally:
        context.pop(_OPERATION_ID, None)
        if before is not None:
            context[_OPERATION_ID] = before
