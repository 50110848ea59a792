"""What the fault proxy understands of SOAP: which method a request calls, its operationID, and how a fault looks."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

_METHOD = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")
_OPERATION_ID = re.compile(rb"<(?:\w+:)?operationID[^>]*>([^<]*)<")
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)


def method_of(body: bytes) -> str:
    """The method that a request calls, as SOAP spells it; empty if it is no SOAP request."""
    found = _METHOD.search(body)
    return found.group(1).decode() if found else ""


def operation_id_of(body: bytes) -> str | None:
    """The operationID in the header of a request."""
    found = _OPERATION_ID.search(body)
    return found.group(1).decode(errors="replace") if found else None


def soap_answer(method: str, content: str = "") -> bytes:
    """A successful answer to `method`.

    Args:
        content: XML, such as `<returnval type="Task">task-1</returnval>`.
    """
    return _ENVELOPE.format(f'<{method}Response xmlns="urn:vim25">{content}</{method}Response>').encode()


def soap_fault(kind: str, message: str = "", fields: str = "") -> bytes:
    """The body of a refused call, as a vCenter writes it with HTTP status 500.

    Args:
        kind: the fault's class, such as `NotAuthenticated`.
        fields: the fault's own fields as XML.
    """
    detail = f'<{kind}Fault xmlns="urn:vim25" xsi:type="{kind}">{fields}</{kind}Fault>'
    words = escape(message or kind)
    return _ENVELOPE.format(
        f"<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{words}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>"
    ).encode()
