"""Causes of failed migrations that happen on the way: the symptoms each shows, and what to do.

Rules of this file: data only; `diagnosis.py` matches it. A row is `KNOWN` where its source tells cause and remedy, and
`LIKELY` where only the symptom is published and the cause is concluded. Expressions are searched in text of any length:
no nested repeats. Sources are VMware and Broadcom knowledge base articles unless named otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vsphere_motion.model.diagnosis import Certainty, Stage

KNOWN, LIKELY = Certainty.KNOWN, Certainty.LIKELY


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause and the symptoms it shows.

    Args:
        kinds, keys: fault classes and message keys that mean it.
        text: an expression for messages that mean it.
        codes: names of VMkernel codes that mean it.
        percents: progress at which it typically fails; a hint and no more.
    """

    id: str
    stage: Stage
    cause: str
    next_steps: tuple[str, ...]
    reference: str
    certainty: Certainty = KNOWN
    kinds: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    text: re.Pattern[str] | None = None
    codes: tuple[str, ...] = ()
    percents: tuple[int, ...] = ()
    is_consequence: bool = False


def words(pattern: str) -> re.Pattern[str]:
    """An expression for a message, whatever its case."""
    return re.compile(pattern, re.IGNORECASE)


VMKPING = "on both hosts: vmkping -I VMK -S vmotion OTHER_HOSTS_VMOTION_ADDRESS (no -S on the default TCP/IP stack)"
VMKPING_MTU = "on both hosts: vmkping -I VMK -d -s 8972 OTHER_HOSTS_VMOTION_ADDRESS (1472 for an MTU of 1500)"
PORT_8000 = "on the source: nc -z OTHER_HOSTS_VMOTION_ADDRESS 8000; open TCP 8000 between the vMotion addresses"
VMWARE_LOG = "read vmware.log of the VM on both sides: vsphere-motion logs --from-file vmware.log"
AGENTS = "restart the host's management agents: /etc/init.d/hostd restart; /etc/init.d/vpxa restart"

ON_THE_WAY: tuple[Cause, ...] = (
    Cause(
        id="network.mtu-differs",
        stage=Stage.PREPARE,
        cause="The vMotion adapters of the two hosts have different MTUs.",
        next_steps=("give both vMotion adapters and the switches between them one MTU", VMKPING_MTU),
        reference="KB 432825, KB 417889",
        text=words(r"different vMotion v?NIC MTU"),
    ),
    Cause(
        id="network.one-way",
        stage=Stage.PRECOPY,
        cause="The destination got no data from the source: the vMotion network works one way only.",
        next_steps=(VMKPING, "look for a VLAN, firewall or routing rule on one side only"),
        reference="KB 2145068",
        text=words(r"did not receive data from the source host on the vMotion network"),
    ),
    Cause(
        id="network.stream-starved",
        stage=Stage.PRECOPY,
        cause="The hosts stopped answering keepalives on the vMotion stream: CPU starvation or a lost link.",
        next_steps=("look at the CPU ready time of both hosts, also of hosts that are VMs themselves", VMKPING),
        reference="public note of October 2026",
        keys=("vob.vmotion.stream.keepalive.read.fail",),
        text=words(r"stream\.keepalive\.read\.fail|failed to read stream keepalive"),
    ),
    Cause(
        id="network.connect-failed",
        stage=Stage.PREPARE,
        cause="The hosts could not connect to each other over the vMotion network.",
        next_steps=(VMKPING, PORT_8000, "compare VLAN, subnet and TCP/IP stack of both vMotion adapters"),
        reference="VMkernel code 0xbad010b; KB 1003734",
        certainty=LIKELY,
        text=words(r"hosts failed to connect over the vMotion network"),
        codes=(
            "VMK_VMOTION_CONNECT_FAILED",
            "VMK_NO_CONNECT",
            "VMK_ECONNREFUSED",
            "VMK_EHOSTUNREACH",
            "VMK_ENETUNREACH",
        ),
    ),
    Cause(
        id="network.connection-lost",
        stage=Stage.PRECOPY,
        cause="The vMotion connection broke: a link went down, large packets get lost, or the other host stalled.",
        next_steps=(VMKPING_MTU, "look for link changes in both hosts' vmkernel.log at that time"),
        reference="VMkernel code 0xbad003f",
        text=words(r"connection closed by remote host, possibly due to timeout|connection reset by peer"),
        codes=("VMK_MIG_CONN_CLOSED", "VMK_ECONNRESET", "VMK_ECONNABORTED", "VMK_ENETRESET", "VMK_ENETDOWN"),
    ),
    Cause(
        id="network.data-timeout",
        stage=Stage.PRECOPY,
        cause="The destination waited for migration data in vain: the vMotion network stalled.",
        next_steps=(VMKPING, "look at drops and errors of the vMotion uplinks: esxcli network nic stats get -n VMNIC"),
        reference="KB 2143834",
        certainty=LIKELY,
        text=words(r"timed out waiting for migration data"),
    ),
    Cause(
        id="switchover.low-limit",
        stage=Stage.SWITCHOVER,
        cause="The switch-over took longer than the low limit of this VM (Fault Tolerance, latency sensitivity).",
        next_steps=("raise vmotion.maxSwitchoverSeconds of the VM, or wait for a time of less load",),
        reference="vCenter's own message",
        certainty=LIKELY,
        text=words(r"maximum switch-?over time of [1-9]\d? second"),
    ),
    Cause(
        id="switchover.vgpu",
        stage=Stage.SWITCHOVER,
        cause="The vGPU's frame buffer did not go over within the switch-over limit.",
        next_steps=(
            "take a faster vMotion network or a smaller vGPU profile",
            "raise vmotion.maxSwitchoverSeconds of the VM",
        ),
        reference="KB 320352",
        text=words(r"vGPU state|vmiop_log"),
        percents=(70,),
    ),
    Cause(
        id="switchover.too-long",
        stage=Stage.SWITCHOVER,
        cause="The switch-over took longer than allowed (100 s by default): slow storage or network at that moment.",
        next_steps=(
            "look at the latency of the VM's datastores and of the vMotion network at that time",
            "raise vmotion.maxSwitchoverSeconds (for a move within a host: fsr.maxSwitchoverSeconds) of the VM",
        ),
        reference="KB 2141355, KB 435078, KB 1010045",
        keys=("msg.checkpoint.migration.maxSwitchoverTimeExceeded",),
        text=words(r"maximum switch-?over time"),
        codes=("VMK_MIGRATE_MAX_DOWNTIME_EXCEEDED",),
    ),
    Cause(
        id="switchover.checkpoint-too-big",
        stage=Stage.SWITCHOVER,
        cause="The device state is bigger than the hosts take: much video memory or many displays.",
        next_steps=(
            "lower the VM's video memory or number of displays",
            "upgrade the VM's hardware to version 13 or later, or set migrate.baseCptCacheSize = 16777216",
        ),
        reference="KB 2005741, KB 2143843",
        keys=("vob.vmotion.chkpt.toobig", "msg.checkpoint.migration.writefail", "msg.moduletable.powerOnFailed"),
        text=words(
            r"checkpoint data length|chkpt\.toobig|Failed to write checkpoint data"
            r"|Failed waiting for data.{1,40}bad0006"
        ),
        codes=("VMK_LIMIT_EXCEEDED",),
    ),
    Cause(
        id="precopy.no-progress",
        stage=Stage.PRECOPY,
        cause="The guest wrote memory faster than the network could send it, so that the pre-copy could not end.",
        next_steps=(
            "move the VM when it is quieter, or give vMotion a faster network",
            "leave Migrate.SdpsEnabled at its default on both hosts: it slows the guest down so that the copy can end",
        ),
        reference="VMkernel code 0xbad0109",
        certainty=LIKELY,
        text=words(r"lack of pre-?copy forward progress|pre-?copy.{1,60}no(?:t enough)? forward progress"),
        codes=("VMK_MIGRATE_PRECOPY_NO_FORWARD_PROGRESS",),
    ),
    Cause(
        id="destination.low-memory",
        stage=Stage.PRECOPY,
        cause="The destination was short of memory and made the migration wait for it.",
        next_steps=("take another host: vsphere-motion check VM --all-hosts",),
        reference="published ESXi 5.0 log",
        text=words(r"leave low memory state"),
    ),
    Cause(
        id="destination.admission",
        stage=Stage.PREPARE,
        cause="The destination host had too little CPU or memory left to take the VM.",
        next_steps=(
            "take another host: vsphere-motion check VM --all-hosts",
            "lower the VM's or its pool's reservations",
        ),
        reference="VMkernel code 0xbad00a4",
        certainty=LIKELY,
        text=words(
            r"failed to start due to lack of cpu or memory|memory admission check failed|cpu admission check failed"
        ),
        codes=("VMK_MIGRATE_PREEMPTIVE_FAIL", "VMK_CPU_ADMIT_FAILED", "VMK_MEM_ADMIT_FAILED"),
    ),
    Cause(
        id="destination.out-of-memory",
        stage=Stage.PREPARE,
        cause="A heap of the destination's kernel, or the VM's reservation there, ran out of memory.",
        next_steps=("take another host; then look at the destination's vmkernel.log for 'Out of memory'",),
        reference="KB 2036890",
        certainty=LIKELY,
        text=words(r"\bout of memory\b"),
        codes=("VMK_NO_MEMORY",),
    ),
    Cause(
        id="destination.no-space",
        stage=Stage.PREPARE,
        cause="The datastore of the VM or of its swap file is full.",
        next_steps=("free space on the datastore: vsphere-motion check VM --to-host HOST names it",),
        reference="VMkernel codes 0xbad00d7 and 0xbad0082",
        certainty=LIKELY,
        kinds=("NoDiskSpace", "InsufficientStorageSpace"),
        text=words(r"no space left on device|no swap file"),
        codes=("VMK_NO_SPACE", "VMK_NO_SWAP_FILE"),
    ),
    Cause(
        id="destination.bios-file",
        stage=Stage.RESUME,
        cause="A BIOS file that the VM's settings name (bios440.filename) is not on the destination host.",
        next_steps=("copy the file to the destination, or take the setting out of the VM",),
        reference="published case",
        keys=("msg.loader.biosfd",),
        text=words(r"msg\.loader\.biosfd|failed to resume on the destination during early power on"),
        percents=(72,),
    ),
    Cause(
        id="destination.failed-to-resume",
        stage=Stage.RESUME,
        cause="The destination could not resume the VM: it could not open a disk or a vSAN object of it.",
        next_steps=("read vmware.log and hostd.log of the destination at that time", VMWARE_LOG),
        reference="mirror of a KB, case 59665",
        keys=("msg.migrate.fail.dst",),
        text=words(r"destination failed to resume"),
    ),
    Cause(
        id="disk.chain",
        stage=Stage.RESUME,
        cause="A disk or a disk of a snapshot could not be opened: a broken chain, or a lock held elsewhere.",
        next_steps=("look who holds the lock: vmfsfilelockinfo -p DISK", "consolidate the VM's snapshots"),
        reference="KB 2037308",
        certainty=LIKELY,
        text=words(r"cannot open the disk .{1,300}or one of the snapshot disks"),
        percents=(66,),
    ),
    Cause(
        id="disk.copy-failed",
        stage=Stage.DISK_COPY,
        cause="A disk could not be copied: read errors or locks on the source datastore.",
        next_steps=("look for storage errors in the source's vmkernel.log", "check the disk: vmkfstools -x check DISK"),
        reference="KB 2030986, KB 2066917",
        certainty=LIKELY,
        text=words(r"failed to copy one or more (?:of the )?(?:virtual machine'?s? )?disks"),
        percents=(20, 21),
    ),
    Cause(
        id="network.nfc",
        stage=Stage.DISK_COPY,
        cause="The hosts could not copy files to each other: TCP 902 is closed on the provisioning network.",
        next_steps=("from both hosts: nc -z OTHER_HOST 902", "check NTP and name resolution on both sides"),
        reference="KB 316409, KB 393932",
        text=words(r"NfcNewAuthdConnectionEx|NfcEstablishAuthCnxToServer|Nfc_BindAndEstablishAuthdCnx|:902\b"),
        percents=(23,),
    ),
    Cause(
        id="network.across-sites",
        stage=Stage.ADMISSION,
        cause="The compatibility check between the two vCenters took too long: TCP 902, time or NAT between the sites.",
        next_steps=(
            "from both sites' hosts: nc -z OTHER_HOST 902",
            "compare the clocks of both sites; NAT is not supported",
        ),
        reference="KB 393932, KB 344283",
        text=words(r"compatibility check took too long"),
    ),
    Cause(
        id="encryption.key-provider",
        stage=Stage.RESUME,
        cause="The destination does not have the key provider of the VM's keys or vTPM.",
        next_steps=("add the VM's key provider to the destination's vCenter, and back it up",),
        reference="KB 386333, KB 378053",
        text=words(r"failed to decrypt the key"),
    ),
    Cause(
        id="devices.serial-proxy",
        stage=Stage.SWITCHOVER,
        cause="The proxy of a network serial port did not acknowledge the move within 5 s.",
        next_steps=("start the vSPC proxy, disconnect the port, or raise serialN.vmotionLimit",),
        reference="published cases of two vSPC proxies",
        text=words(r"vSPC|serial.{1,80}timed out after \d{3,5} ?ms"),
    ),
    Cause(
        id="storage.policy-service",
        stage=Stage.ADMISSION,
        cause="vCenter's storage policy service did not answer its check before the move.",
        next_steps=("restart it on vCenter: service-control --restart vmware-sps",),
        reference="KB 2118551, KB 2062112",
        certainty=LIKELY,
        text=words(r"PreMigrateCheckCallback|PBM error"),
    ),
    Cause(
        id="network.firewall-state",
        stage=Stage.SWITCHOVER,
        cause="The distributed firewall's state of the VM is too large to go over.",
        next_steps=("lower the VM's number of firewall sessions (above 2 million is too many), or upgrade NSX",),
        reference="KB 372896",
        text=words(r"\bDFW\b|filter state.{1,60}(?:transfer|restore)"),
    ),
    Cause(
        id="vm.latency-sensitive",
        stage=Stage.RESUME,
        cause="A VM of high latency sensitivity needs all its memory and CPU reserved, and could not be powered on.",
        next_steps=("reserve all of its memory and CPU, or set its latency sensitivity to normal",),
        reference="KB 2092437",
        certainty=LIKELY,
        text=words(r"latency.?sensitiv.{1,200}failed to power on"),
    ),
    Cause(
        id="disk.change-tracking",
        stage=Stage.DISK_COPY,
        cause="Changed block tracking of the VM cannot go over between these releases.",
        next_steps=("disable changed block tracking, move the VM, enable it again",),
        reference="KB 2133238",
        certainty=LIKELY,
        text=words(r"changed? block tracking|\bctk(?:Enabled)?\b.{1,60}(?:fail|error)"),
    ),
    Cause(
        id="host.memory-page",
        stage=Stage.PRECOPY,
        cause="A defect of old releases: a page of the VM's memory is refused by the destination.",
        next_steps=("power the VM off and on, and upgrade its hardware version",),
        reference="KB 2143943",
        certainty=LIKELY,
        text=words(r"failed to add memory page 0x"),
        codes=("VMK_BAD_PARAM",),
    ),
    Cause(
        id="host.agents",
        stage=Stage.PREPARE,
        cause="The management agents of a host hold a state of the VM or of a pool that is no longer true.",
        next_steps=(AGENTS,),
        reference="KB 1003734",
        certainty=LIKELY,
        text=words(r"Failed waiting for data\. Error 16\b|failed to look up vMotion destination resource pool"),
    ),
    Cause(
        id="network.unreachable",
        stage=Stage.PREPARE,
        cause="The vMotion addresses do not reach each other: address, VLAN, firewall, name or clock.",
        next_steps=(VMKPING, PORT_8000, "look for a second owner of the address, and compare the hosts' clocks"),
        reference="KB 2007343, KB 1003734",
        text=words(r"operation timed out|\btimed out\b"),
        kinds=("Timedout",),
        codes=("VMK_TIMEOUT",),
        percents=(9, 10),
    ),
    Cause(
        id="network.vlan-or-mtu",
        stage=Stage.PREPARE,
        cause="The vMotion port groups differ: VLAN, MTU, or the wrong adapter is used.",
        next_steps=("compare the VLAN IDs of both vMotion port groups", VMKPING_MTU),
        reference="KB 2037486, KB 2042654",
        certainty=LIKELY,
        percents=(14,),
    ),
    Cause(
        id="vm.cancelled",
        stage=Stage.ANY,
        cause="Someone cancelled the migration; it did not fail.",
        next_steps=("see who: vCenter's task list names the user of the cancel",),
        reference="vSphere API",
        kinds=("RequestCanceled",),
        text=words(r"RequestCanceled"),
    ),
    Cause(
        id="vmx.see-its-log",
        stage=Stage.ANY,
        cause="The VM's own process gave up; its log says why.",
        next_steps=(VMWARE_LOG,),
        reference="published logs",
        text=words(r"considered a failure by the VMX"),
        codes=("VMK_MIGRATE_VMX_FAILURE",),
        is_consequence=True,
    ),
    Cause(
        id="io.aborted",
        stage=Stage.ANY,
        cause="Data in flight was thrown away because the migration had failed already, or was cancelled.",
        next_steps=("look for an earlier failure of the same migration in both hosts' logs",),
        reference="published ESXi 5.5 log",
        text=words(r"IO was aborted"),
        codes=("VMK_ABORTED",),
        is_consequence=True,
    ),
)
