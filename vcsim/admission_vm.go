package main

import "github.com/vmware/govmomi/vim25/types"

func checkTemplate(q *inquiry) {
	if q.vm.template && q.changesHost() {
		q.refuse(&types.NotSupported{})
	}
}

// checkDisabledMethod sees the lock that backup products put on a virtual machine. One whose migration is disabled has the methods in its
// list as well, and a fault of its own.
func checkDisabledMethod(q *inquiry) {
	if q.guest.traits.Immovable {
		return
	}
	for _, method := range q.vm.disabled {
		if method == "RelocateVM_Task" || method == "MigrateVM_Task" {
			q.refuse(&types.MethodDisabled{})
			return
		}
	}
}

func checkVMConnection(q *inquiry) {
	if q.vm.connection != types.VirtualMachineConnectionStateConnected {
		q.refuse(&types.InvalidState{})
	}
}

func checkQuestion(q *inquiry) {
	if q.vm.question != "" {
		q.refuse(&types.QuestionPending{Text: q.vm.question})
	}
}

// checkReadiness looks at passing states of the virtual machine.
func checkReadiness(q *inquiry) {
	if q.guest.traits.Immovable {
		q.refuse(&types.MigrationDisabled{})
	}
	if q.guest.traits.NotReady != "" && q.isOn() {
		q.refuse(&types.MigrationNotReady{Reason: q.guest.traits.NotReady})
	}
	if q.guest.toolsMounted && q.isLive() {
		q.refuse(&types.ToolsInstallationInProgress{})
	}
	if q.guest.heartbeat == types.ManagedEntityStatusRed && q.isLive() {
		q.warn(&types.NoGuestHeartbeat{})
	}
}

// checkEncryption: a host that cannot hold keys cannot run what is encrypted with one, which the secrets of a virtual TPM always are.
func checkEncryption(q *inquiry) {
	incapable := q.to.crypto == string(types.HostCryptoStateIncapable) || q.to.crypto == string(types.HostCryptoStatePendingIncapable)
	if q.changesHost() && incapable && (q.guest.key != nil || q.guest.hasTPM) {
		fault := &types.EncryptionKeyRequired{}
		if q.guest.key != nil {
			fault.RequiredKey = []types.CryptoKeyId{*q.guest.key}
		}
		q.refuse(fault)
	}
}

// checkEncryptedVMotion: an encrypted virtual machine always travels encrypted, another one where it requires that (vSphere Security,
// Encrypted vSphere vMotion). Which class vCenter refuses it with is UNVERIFIED.
func checkEncryptedVMotion(q *inquiry) {
	required := q.guest.key != nil || q.guest.encryption == string(types.VirtualMachineConfigSpecEncryptedVMotionModesRequired)
	if !q.isLive() || !required {
		return
	}
	if fault, lacks := q.missing(func(h *hostFacts) bool { return isTrue(h.capability.EncryptedVMotionSupported) }); lacks {
		q.refuse(&fault)
	}
}
