"""Who is at the other end: contexts, the check of the pin, and the certificate a server presents.

Every connection gets a context of its own, so that nothing one connection does can loosen the next. A pin is compared
with the DER certificate of every connection by our own code, whatever the authorities say, before anything is sent.
Verification is on everywhere, loopback too.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from vsphere_motion.errors import BadInput, CertificateUntrusted, PinMismatch, VCenterUnavailable
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.deadline import Deadline, DeadlineSocket, timely
from vsphere_motion.vcenter.faults import translate
from vsphere_motion.vcenter.tcp import bare_host, open_tcp

_SHA256_HEX_DIGITS = 64


class Trust(Enum):
    """What makes us believe that the server is the right one."""

    VERIFIED = "verified"
    PINNED = "pinned"
    INSECURE = "insecure"


class PresentedCertificate(NamedTuple):
    """The certificate a server presents, not verified in any way.

    Args:
        thumbprint: SHA-256 of its DER form, as `AA:BB:...`.
        pem: the certificate itself.
    """

    thumbprint: str
    pem: str


class TrustRules(NamedTuple):
    """What an `Endpoint` asks for, checked once: the files are read and the pin is well-formed.

    Args:
        ca_pem: the authorities of the CA file; None means the system's.
        pin: SHA-256 of the only certificate that is accepted, in lower-case hex digits; None means any trusted one.
    """

    ca_pem: str | None
    pin: str | None
    insecure: bool

    @property
    def trust(self) -> Trust:
        """What these rules rest on: the authorities, the pin alone, or nothing."""
        if self.pin is not None and (self.insecure or self.ca_pem is None):
            return Trust.PINNED
        return Trust.INSECURE if self.insecure else Trust.VERIFIED


def trust_rules(endpoint: Endpoint) -> TrustRules:
    """The endpoint's rules of trust.

    Raises:
        BadInput: the CA file cannot be used, or the thumbprint is not a SHA-256.
    """
    pin = None if endpoint.thumbprint is None else parse_thumbprint(endpoint.thumbprint)
    ca_pem = None if endpoint.ca_file is None else _read_ca_file(endpoint.ca_file)
    return TrustRules(ca_pem=ca_pem, pin=pin, insecure=endpoint.insecure)


def parse_thumbprint(text: str) -> str:
    """A SHA-256 thumbprint as 64 lower-case hex digits; colons, blanks and case do not matter.

    Raises:
        BadInput: it is something else, such as a SHA-1.
    """
    digits = text.strip().replace(":", "").replace(" ", "").lower()
    if len(digits) == _SHA256_HEX_DIGITS and set(digits) <= set("0123456789abcdef"):
        return digits
    raise BadInput(
        f"The thumbprint {text!r} is not a SHA-256: it needs {_SHA256_HEX_DIGITS} hex digits, with or without colons.",
        hint="Read it on the server: openssl x509 -in CERTIFICATE -noout -fingerprint -sha256",
    )


def thumbprint_of(der: bytes) -> str:
    """The SHA-256 of a DER certificate as people write it: `AA:BB:...`."""
    return _with_colons(hashlib.sha256(der).hexdigest())


def new_context(rules: TrustRules) -> ssl.SSLContext:
    """A fresh context for one connection. A pin without a CA file is checked by `check_pin` alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = DeadlineSocket
    if rules.trust is not Trust.VERIFIED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif rules.ca_pem is None:
        context.load_default_certs()
    else:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=rules.ca_pem)
    return context


def check_pin(rules: TrustRules, der: bytes, *, server: str) -> None:
    """Compare the presented certificate with the pin, where there is one.

    Raises:
        PinMismatch: it is another certificate.
    """
    if rules.pin is None or hashlib.sha256(der).hexdigest() == rules.pin:
        return
    raise PinMismatch(
        f"{server} presents another certificate than the pinned one; nothing was sent to it.",
        hint="If the certificate was replaced on purpose, give the new SHA-256 with --thumbprint, or store it with: "
        f"vsphere-motion login {server} --trust. Otherwise somebody may be listening in: ask who runs the server.",
        details=(f"expected  {_with_colons(rules.pin)}", f"presented {thumbprint_of(der)}"),
    )


def wrap(raw: socket.socket, rules: TrustRules, *, host: str, server: str, deadline: Deadline) -> DeadlineSocket:
    """Set up TLS on a connected socket and check who answers; nothing of ours has been sent when this returns.

    Raises:
        PinMismatch: the certificate is not the pinned one.
        OSError: the handshake failed; `ssl.SSLCertVerificationError` if the certificate is not trusted.
    """
    tls = new_context(rules).wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
    assert isinstance(tls, DeadlineSocket), "new_context sets the socket class"
    try:
        tls.settimeout(deadline.require_time())
        tls.do_handshake()
        check_pin(rules, _presented_der(tls), server=server)
    except BaseException:
        tls.close()
        raise
    return tls


def fetch_certificate(endpoint: Endpoint) -> PresentedCertificate:
    """The certificate the server presents, for a person to compare; nothing but the TLS handshake is sent.

    Raises:
        VCenterUnavailable: nothing answers there, or not with TLS.
    """
    deadline = Deadline(endpoint.connect_timeout_s)
    anything = TrustRules(ca_pem=None, pin=None, insecure=True)
    try:
        raw = open_tcp(endpoint.host, endpoint.port, deadline)
        with wrap(raw, anything, host=bare_host(endpoint.host), server=endpoint.address, deadline=deadline) as tls:
            der = _presented_der(tls)
    except OSError as failure:
        what = f"read the certificate of {endpoint.host}:{endpoint.port}"
        raise translate(timely(failure, deadline), what=what) from failure
    return PresentedCertificate(thumbprint=thumbprint_of(der), pem=ssl.DER_cert_to_PEM_cert(der))


def untrusted(endpoint: Endpoint, reason: ssl.SSLCertVerificationError) -> CertificateUntrusted:
    """The error for a certificate that no authority vouches for, with the thumbprint to compare."""
    try:
        presented = fetch_certificate(endpoint).thumbprint
    except VCenterUnavailable as error:
        return CertificateUntrusted(_untrusted_words(endpoint, reason), details=(error.message,))
    return CertificateUntrusted(
        _untrusted_words(endpoint, reason),
        hint="Ask who runs the server whether this SHA-256 is right. If it is, trust it in one of the ways listed.",
        details=(
            f"presented SHA-256:       {presented}",
            "trust its authority:     --ca-file FILE (or VSPHERE_MOTION_CA_FILE=FILE)",
            f"trust this certificate:  --thumbprint {presented}",
            f"trust it from now on:    vsphere-motion login {endpoint.address} --trust",
        ),
    )


def _untrusted_words(endpoint: Endpoint, reason: ssl.SSLCertVerificationError) -> str:
    return f"The certificate of {endpoint.address} is not trusted: {reason.verify_message}. Nothing was sent to it."


def _read_ca_file(path: Path) -> str:
    try:
        pem = path.read_bytes().decode("ascii", "ignore")  # what stands between the certificates may be in any language
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise _bad_ca_file(path, "it holds no certificate in PEM format, or a broken one") from error
    except OSError as error:
        raise _bad_ca_file(path, error.strerror or str(error)) from error
    return pem


def _bad_ca_file(path: Path, reason: str) -> BadInput:
    return BadInput(
        f"The CA file {path} cannot be used: {reason}",
        hint="Give a PEM file with --ca-file. A vCenter offers its own at https://HOST/certs/download.zip",
    )


def _presented_der(tls: ssl.SSLSocket) -> bytes:
    der = tls.getpeercert(binary_form=True)
    assert der is not None, "a TLS server always presents a certificate"
    return der


def _with_colons(digits: str) -> str:
    return ":".join(digits[index : index + 2] for index in range(0, len(digits), 2)).upper()
