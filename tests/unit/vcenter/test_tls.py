"""Thumbprints and what an endpoint trusts."""

from __future__ import annotations

import ssl

import pytest

from vsphere_motion.errors import BadInput, PinMismatch
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.tls import (
    Trust,
    TrustRules,
    check_pin,
    new_context,
    parse_thumbprint,
    thumbprint_of,
    trust_rules,
)

DER = b"any bytes will do"
DIGITS = "c52c82dbd7f6d2c0ee3d7d42dff8b4bd7d5bc5ad3b1aa0b6c0cd4b9cc06d0ae2"


def test_a_thumbprint_reads_back_whatever_its_spelling() -> None:
    written = thumbprint_of(DER)
    digits = parse_thumbprint(written)
    assert len(written) == 95
    assert {parse_thumbprint(form) for form in (digits, digits.upper(), written.lower(), f" {written} ")} == {digits}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("ab" * 20, id="SHA-1"),
        pytest.param("ab" * 64, id="SHA-512"),
        pytest.param("ab" * 31 + "a", id="one digit short"),
        pytest.param("ab" * 32 + "a", id="one digit too many"),
        pytest.param("ab" * 31 + "xy", id="not hex"),
        pytest.param("ab" * 31 + "a\u0661", id="a digit of another script"),
        pytest.param("SHA256:" + "ab" * 32, id="with the name of the algorithm"),
    ],
)
def test_a_malformed_thumbprint(text: str) -> None:
    with pytest.raises(BadInput, match="SHA-256"):
        trust_rules(Endpoint(host="vc01", thumbprint=text))


@pytest.mark.parametrize(
    ("rules", "trust"),
    [
        pytest.param(TrustRules(ca_pem=None, pin=None, insecure=False), Trust.VERIFIED, id="the system's authorities"),
        pytest.param(TrustRules(ca_pem="x", pin=None, insecure=False), Trust.VERIFIED, id="a CA file"),
        pytest.param(TrustRules(ca_pem=None, pin=DIGITS, insecure=False), Trust.PINNED, id="a pin"),
        pytest.param(TrustRules(ca_pem="x", pin=DIGITS, insecure=False), Trust.VERIFIED, id="a pin and a CA file"),
        pytest.param(TrustRules(ca_pem=None, pin=None, insecure=True), Trust.INSECURE, id="insecure"),
        pytest.param(TrustRules(ca_pem="x", pin=None, insecure=True), Trust.INSECURE, id="insecure with a CA file"),
        pytest.param(TrustRules(ca_pem="x", pin=DIGITS, insecure=True), Trust.PINNED, id="insecure with a pin"),
    ],
)
def test_what_trust_rests_on(rules: TrustRules, trust: Trust) -> None:
    assert rules.trust is trust


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "vc01"])
def test_verification_is_on_everywhere(host: str) -> None:
    context = new_context(trust_rules(Endpoint(host=host)))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_each_connection_has_a_context_of_its_own() -> None:
    rules = trust_rules(Endpoint(host="vc01", insecure=True))
    assert new_context(rules) is not new_context(rules)


def test_the_pinned_certificate_passes() -> None:
    check_pin(TrustRules(ca_pem=None, pin=parse_thumbprint(thumbprint_of(DER)), insecure=False), DER, server="vc01")


def test_any_certificate_passes_without_a_pin() -> None:
    check_pin(TrustRules(ca_pem=None, pin=None, insecure=False), DER, server="vc01")


def test_another_certificate_shows_both_thumbprints() -> None:
    rules = TrustRules(ca_pem=None, pin=parse_thumbprint(thumbprint_of(DER)), insecure=False)
    with pytest.raises(PinMismatch, match="vc01") as caught:
        check_pin(rules, b"other", server="vc01")
    assert caught.value.details == (f"expected  {thumbprint_of(DER)}", f"presented {thumbprint_of(b'other')}")
