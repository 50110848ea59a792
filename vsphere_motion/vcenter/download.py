"""Files of a VM's own directory, read from vCenter over HTTPS.

Rules of this file: nothing is asked of any other server than the vCenter the session is with, whose certificate is
checked again on every connection; a redirect is not followed, so that neither the session nor a header reaches another
host; time and size are bounded.
"""

from __future__ import annotations

import http.client
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyVmomi.SoapAdapter import COOKIE_NAME

from vsphere_motion.errors import VCenterUnavailable
from vsphere_motion.vcenter.connection import BodyReader, VCenterConnection
from vsphere_motion.vcenter.deadline import timely
from vsphere_motion.vcenter.faults import translate
from vsphere_motion.vcenter.tls import trust_rules

if TYPE_CHECKING:
    from vsphere_motion.vcenter.deadline import Deadline
    from vsphere_motion.vcenter.session import Session

_DATASTORE_PATH = re.compile(r"\[([^\]]{1,255})\] ?(.{0,4096})", re.DOTALL)
_PIECE_BYTES = 64 * 1024


class NotServed(VCenterUnavailable):
    """vCenter answered with something other than the file."""


def download_file(session: Session, path: str, *, datacenter: str, deadline: Deadline, limit_bytes: int) -> bytes:
    """A file of a datastore; of one that is larger, as much as the limit allows.

    Args:
        path: as the API writes it: `[datastore] directory/name`.
        datacenter: inventory path of the datacenter, such as `DC0` or `folder/DC0`.

    Needs: Datastore.Browse on the datastore.

    Raises:
        NotServed: vCenter has no such file, refuses it, or sends elsewhere.
        VCenterUnavailable: there was no answer in time.
    """
    address = _address(path, datacenter)
    what = f"read {path} from {session.endpoint.address}"
    headers = {"User-Agent": "vsphere-motion", "Cookie": f"{COOKIE_NAME}={session.stub.cookie}"}
    try:
        connection = VCenterConnection(session.endpoint, trust_rules(session.endpoint), deadline)
        try:
            answer = connection.get(address, headers, deadline)
            _require_served(answer, what)
            return _read(BodyReader(answer, deadline), limit_bytes)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as failure:
        raise translate(timely(failure, deadline), what=what) from failure


def _address(path: str, datacenter: str) -> str:
    found = _DATASTORE_PATH.fullmatch(path)
    if found is None:
        raise NotServed(f"{path!r} is not the path of a file on a datastore")
    query = f"dcPath={quote(datacenter, safe='')}&dsName={quote(found[1], safe='')}"
    return f"/folder/{quote(found[2])}?{query}"


def _require_served(answer: http.client.HTTPResponse, what: str) -> None:
    if answer.status == http.HTTPStatus.OK:
        return
    words = f"the server answered HTTP {answer.status} {answer.reason}"
    if 300 <= answer.status < 400:
        words += "; it sends to another address, which is not followed"
    raise NotServed(f"Could not {what}: {words}")


def _read(body: BodyReader, limit_bytes: int) -> bytes:
    pieces: list[bytes] = []
    left = limit_bytes
    while left > 0 and (piece := body.read(min(_PIECE_BYTES, left))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
