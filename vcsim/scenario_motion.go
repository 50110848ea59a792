package main

import (
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// What a scenario says about how moves go: the keys of a VM's "motion", of a host's vMotion vmknic and of a datastore.

// vmMotionSpec is how a VM behaves when it is moved.
type vmMotionSpec struct {
	SDPS           *bool    `yaml:"sdps"`             // true
	FixedDirtyMBps *float64 `yaml:"fixed_dirty_mbps"` // 0
	DeviceStateMiB *float64 `yaml:"device_state_mib"` // 0
	MaxSwitchoverS *int     `yaml:"max_switchover_s"` // 100
}

func (v *validation) motion(motion *vmMotionSpec, at []any) {
	field := func(name string) []any { return append(append([]any{}, at...), name) }
	v.between(or(motion.FixedDirtyMBps, 0), 0, 1e6, field("fixed_dirty_mbps"))
	v.between(or(motion.DeviceStateMiB, 0), 0, 1<<20, field("device_state_mib"))
	v.between(float64(or(motion.MaxSwitchoverS, 100)), 1, 86400, field("max_switchover_s"))
}

func (v *validation) motionNic(nic vmotionSpec, field func(string) []any) {
	v.between(or(nic.EffectiveMBytesPerS, 1), 1, 1e5, field("effective_mbytes_per_s"))
	v.between(float64(or(nic.Streams, 0)), 0, 112, field("streams"))
}

// noteMotion tells the motion engine how the VM behaves. The limit of the switch-over is the VM's own setting, as in a .vmx file.
func noteMotion(vm *simulator.VirtualMachine, traits *vmTraits, motion *vmMotionSpec) {
	traits.NoSDPS = !or(motion.SDPS, true)
	traits.FixedDirtyBytesPerS = int64(or(motion.FixedDirtyMBps, 0) * 1e6)
	traits.DeviceStateBytes = int64(or(motion.DeviceStateMiB, 0) * (1 << 20))
	if motion.MaxSwitchoverS != nil {
		option := &types.OptionValue{Key: switchoverOption, Value: strconv.Itoa(*motion.MaxSwitchoverS)}
		vm.Config.ExtraConfig = append(append([]types.BaseOptionValue(nil), vm.Config.ExtraConfig...), option)
	}
}

func noteVMotionPace(traits *hostTraits, nic *vmotionSpec) {
	if nic == nil {
		return
	}
	traits.VMotionBytesPerS = or(nic.EffectiveMBytesPerS, 0) * 1e6
	traits.Streams = or(nic.Streams, 0)
}

func (s *site) noteStore(ref moRef, spec datastoreSpec) {
	if s.Datastores == nil {
		s.Datastores = map[moRef]datastoreTraits{}
	}
	s.Datastores[ref] = datastoreTraits{CopyBytesPerS: or(spec.CopyMBytesPerS, 0) * 1e6}
}
