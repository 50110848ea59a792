"""Certificates for the small servers of these tests: an authority, and leaves for 127.0.0.1 signed by it or by none."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate and its key, in files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    certificate_file: Path
    key_file: Path

    @property
    def thumbprint(self) -> str:
        """SHA-256 of the DER form, in 64 lower-case hex digits."""
        return hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def make_authority(directory: Path, name: str = "authority") -> Identity:
    """A certificate that signs others."""
    return _make(directory, name, signer=None, is_authority=True)


def make_server(directory: Path, name: str, signer: Identity | None, *, address: str = "127.0.0.1") -> Identity:
    """A certificate for a server at `address`; without a signer it signs itself."""
    return _make(directory, name, signer=signer, address=address)


def _make(
    directory: Path, name: str, signer: Identity | None, *, is_authority: bool = False, address: str = "127.0.0.1"
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if signer is None else signer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key if signer is None else signer.key, hashes.SHA256())
    )
    return _written(directory / name, certificate, key)


def _written(stem: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Identity:
    certificate_file, key_file = stem.with_suffix(".crt"), stem.with_suffix(".key")
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Identity(certificate=certificate, key=key, certificate_file=certificate_file, key_file=key_file)
