"""Answers as a vCenter writes them, for tests that need no simulator behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.sim.transport.servers import Backend, Reply, Request

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)
ABOUT = (
    "<about><name>VMware vCenter Server</name><fullName>{full_name}</fullName><vendor>VMware, Inc.</vendor>"
    "<version>8.0.3</version><build>1</build><osType>linux-x64</osType><productLineId>vpx</productLineId>"
    "<apiType>{api_type}</apiType><apiVersion>8.0.3.0</apiVersion><instanceUuid>uuid-1</instanceUuid></about>"
)
CONTENT = (
    '<returnval><rootFolder type="Folder">group-d1</rootFolder>'
    '<propertyCollector type="PropertyCollector">propertyCollector</propertyCollector>'
    '<viewManager type="ViewManager">ViewManager</viewManager>{about}'
    '<sessionManager type="SessionManager">SessionManager</sessionManager>'
    '<authorizationManager type="AuthorizationManager">AuthorizationManager</authorizationManager>'
    '<taskManager type="TaskManager">TaskManager</taskManager>'
    '<diagnosticManager type="DiagnosticManager">DiagMgr</diagnosticManager></returnval>'
)
USER_SESSION = (
    "<returnval><key>k</key><userName>bob</userName><fullName>Bob</fullName>"
    "<loginTime>2026-01-01T00:00:00Z</loginTime><lastActiveTime>2026-01-01T00:00:00Z</lastActiveTime>"
    "<locale>en</locale><messageLocale>en</messageLocale></returnval>"
)
COOKIE = ("Set-Cookie", 'vmware_soap_session="secret-cookie"; Path=/; HttpOnly; Secure;')


def answer(method: str, content: str = "", *, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A successful answer to `method`."""
    text = _ENVELOPE.format(f'<{method}Response xmlns="urn:vim25">{content}</{method}Response>')
    return Reply(body=text.encode(), headers=headers)


def fault(kind: str, words: str, content: str = "") -> Reply:
    """An answer that is a fault."""
    detail = f'<{kind}Fault xmlns="urn:vim25" xsi:type="{kind}">{content}</{kind}Fault>'
    text = _ENVELOPE.format(
        f"<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{words}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>"
    )
    return Reply(status=500, body=text.encode())


def content_answer(
    *, api_type: str = "VirtualCenter", full_name: str = "VMware vCenter Server 8.0.3", without: str | None = None
) -> Reply:
    """What a server is; `without` one of its managers."""
    about = ABOUT.format(api_type=api_type, full_name=full_name)
    content = re.sub(rf"<{without}[ >].*?</{without}>", "", CONTENT.format(about=about))
    return answer("RetrieveServiceContent", content, headers=(COOKIE,))


DEFAULTS: Mapping[str, Reply] = {
    "RetrieveServiceContent": content_answer(),
    "Login": answer("Login", USER_SESSION),
    "Logout": answer("Logout"),
    "CurrentTime": answer("CurrentTime", "<returnval>2026-11-22T20:00:00.5Z</returnval>"),
    "RelocateVM_Task": answer("RelocateVM_Task", '<returnval type="Task">task-1</returnval>'),
    "CreateFilter": answer("CreateFilter", '<returnval type="PropertyFilter">filter-1</returnval>'),
}


def canned(**replies: Reply) -> Backend:
    """A backend that gives these answers, and a vCenter's usual ones otherwise."""
    table = {**DEFAULTS, **replies}

    def backend(request: Request) -> Reply:
        return table.get(request.method, Reply(status=404))

    return backend
