"""Whether the destination can hold the keys of the VM, and whether its memory can travel as it asks."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import Subject

VM_KEY = "config.keyId"
VM_DEVICES = "config.hardware.device"
VM_MIGRATION = "config.migrateEncryption"
HOST_CRYPTO = "runtime.cryptoState"
HOST_ENCRYPTED = "capability.encryptedVMotionSupported"

SAFE = "safe"


def check_keys(subject: Subject) -> Iterator[Finding]:
    """An encrypted VM runs on hosts in crypto-safe mode alone; vCenter makes a prepared one safe as it is needed."""
    yield from _crypto(subject, KEYS, (VM_KEY, subject.vm.is_encrypted), "is encrypted")


def check_tpm(subject: Subject) -> Iterator[Finding]:
    """A virtual TPM keeps its secrets under the VM's key."""
    yield from _crypto(subject, TPM, (VM_DEVICES, subject.of_vm.has_tpm), "has a virtual TPM")


def _crypto(subject: Subject, check: Check, wanted: tuple[str, bool | None], what: str) -> Iterator[Finding]:
    vm, host = subject.vm, subject.destination
    if wanted[1] is False:
        return
    if wanted[1] is None:
        yield check.unknown(subject.named_vm, wanted[0])
    elif host.crypto_state is None:
        yield check.unknown(host.named, HOST_CRYPTO)
    elif host.crypto_state != SAFE:
        is_hopeless = host.crypto_state in {"incapable", "pendingIncapable"}
        message = f"{vm.name} {what}, the encryption mode of {host.name} is {host.crypto_state}"
        severity = Severity.BLOCKER if is_hopeless else Severity.WARNING
        yield check.found(host.named, message, severity=severity, crypto_state=host.crypto_state)


def check_vmotion(subject: Subject) -> Iterator[Finding]:
    """A VM that is encrypted or requires encrypted vMotion needs both hosts to be capable of it."""
    vm = subject.vm
    if not subject.is_live:
        return
    if subject.encryption is None or vm.is_encrypted is None:
        yield from VMOTION.unread((vm, VM_MIGRATION, subject.encryption), (vm, VM_KEY, vm.is_encrypted))
        return
    if subject.encryption != "required" and not vm.is_encrypted:
        return
    for host in subject.hosts:
        if host.encrypted_vmotion_supported is None:
            yield VMOTION.unknown(host.named, HOST_ENCRYPTED)
        elif not host.encrypted_vmotion_supported:
            message = f"{vm.name} requires encrypted vMotion, which {host.name} does not support"
            yield VMOTION.found(host.named, message, encrypted_vmotion_supported=False)


KEYS = Check(
    id="encryption.keys",
    severity=Severity.BLOCKER,
    title="the keys of an encrypted VM on the destination",
    about=About.DESTINATION,
    on_pair=check_keys,
    concerns=lambda subject: subject.vm.is_encrypted is not False,
    reads=(VM_KEY, HOST_CRYPTO),
    source="vSphere API 8.0: EncryptionKeyRequired, HostRuntimeInfo.cryptoState; vSphere Security 8.0",
    remedy="enable host encryption mode on the destination and check that it reaches the key provider",
)
TPM = Check(
    id="encryption.vtpm",
    severity=Severity.BLOCKER,
    title="a destination that can run a VM with a virtual TPM",
    about=About.DESTINATION,
    on_pair=check_tpm,
    concerns=lambda subject: subject.has_tpm is not False,
    reads=(VM_DEVICES, HOST_CRYPTO),
    source="vSphere Security 8.0, Securing Virtual Machines with Virtual Trusted Platform Module",
    remedy="enable host encryption mode on the destination and check that it reaches the key provider",
)
VMOTION = Check(
    id="encryption.vmotion",
    severity=Severity.BLOCKER,
    title="encrypted vMotion on both hosts for a VM that requires it",
    about=About.HOSTS,
    on_pair=check_vmotion,
    reads=(VM_MIGRATION, VM_KEY, HOST_ENCRYPTED),
    source="vSphere Security 8.0, Encrypted vSphere vMotion; HostCapability.encryptedVMotionSupported",
    remedy="choose hosts of ESXi 6.5 or later, or set encrypted vMotion of an unencrypted VM to opportunistic",
)

CHECKS = (KEYS, TPM, VMOTION)
