"""Throw-away certificates for servers of a test: an authority, and servers' certificates signed by it or by themselves.

They are made with the package `cryptography`, which the vSphere SDK brings along, and are valid for a day.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate and its key, in files.

    Args:
        certificate_file: PEM; what a client has to trust if this signs itself or others.
        key_file: PEM, readable by the owner alone.
        thumbprint: SHA-256 of the certificate's DER form, as `AA:BB:...`.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    certificate_file: Path
    key_file: Path
    thumbprint: str


def make_authority(directory: Path, name: str = "authority") -> Identity:
    """A certificate that signs others, in `directory`."""
    return _make(directory, name, names=LOOPBACK_NAMES, signer=None, is_authority=True)


def make_server(
    directory: Path,
    name: str,
    *,
    signer: Identity | None,
    names: Sequence[str] = LOOPBACK_NAMES,
    ended: bool = False,
) -> Identity:
    """A server's certificate, in `directory`.

    Args:
        signer: the authority; None: it signs itself.
        names: host names and addresses that it is for.
        ended: whether it stopped being valid yesterday.
    """
    return _make(directory, name, names=names, signer=signer, ended=ended)


def _make(
    directory: Path,
    name: str,
    *,
    names: Sequence[str],
    signer: Identity | None,
    is_authority: bool = False,
    ended: bool = False,
) -> Identity:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    first_day = dt.datetime.now(dt.UTC) - (3 * _DAY if ended else _DAY)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if signer is None else signer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first_day)
        .not_valid_after(first_day + 2 * _DAY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general_name(one) for one in names]), critical=False)
    )
    certificate = builder.sign(key if signer is None else signer.key, hashes.SHA256())
    return _written(directory / name, certificate, key)


def _general_name(name: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _written(stem: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Identity:
    from cryptography.hazmat.primitives import serialization

    certificate_file, key_file = stem.with_suffix(".crt"), stem.with_suffix(".key")
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return Identity(
        certificate=certificate,
        key=key,
        certificate_file=certificate_file,
        key_file=key_file,
        thumbprint=":".join(digest[index : index + 2] for index in range(0, len(digest), 2)),
    )
