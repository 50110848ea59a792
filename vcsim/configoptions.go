package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// usualVideoRAMKB is the video memory a virtual machine may have where the scenario says nothing (ESXi 6.5 and later; UNVERIFIED).
const usualVideoRAMKB = int64(128) << 10

// videoLimitKB is the most video memory the host gives a virtual machine.
func (a hostAdmission) videoLimitKB() int64 {
	if a.MaxVideoRAMKB > 0 {
		return a.MaxVideoRAMKB
	}
	return usualVideoRAMKB
}

// QueryConfigOptionEx is govmomi's answer with what the host of the query lets a virtual machine have.
func (f *front) QueryConfigOptionEx(ctx *simulator.Context, req *types.QueryConfigOptionEx) soap.HasFault {
	browser, found := f.engine.registry.Get(req.This).(*simulator.EnvironmentBrowser)
	if !found {
		return &methods.QueryConfigOptionExBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})}
	}
	if req.Spec == nil || req.Spec.Host == nil {
		return browser.QueryConfigOptionEx(req)
	}
	host := *req.Spec.Host
	if _, known := f.engine.registry.Get(host).(*simulator.HostSystem); !known {
		return &methods.QueryConfigOptionExBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: host})}
	}
	body := browser.QueryConfigOptionEx(req).(*methods.QueryConfigOptionExBody)
	option := *body.Res.Returnval
	option.GuestOSDescriptor = nil // govmomi's have no recommendations, without which pyVmomi cannot read them
	option.HardwareOptions = hardwareOptions(f.engine.site.Hosts[host].Admission)
	return &methods.QueryConfigOptionExBody{Res: &types.QueryConfigOptionExResponse{Returnval: &option}}
}

func hardwareOptions(a hostAdmission) types.VirtualHardwareOption {
	var options types.VirtualHardwareOption
	card := &types.VirtualVideoCardOption{VideoRamSizeInKB: &types.LongOption{Min: 1 << 10, Max: a.videoLimitKB(), DefaultValue: 4 << 10}}
	card.Type = "VirtualMachineVideoCard"
	options.VirtualDeviceOption = []types.BaseVirtualDeviceOption{card}
	options.ResourceConfigOption.CpuAllocationOption.SharesOption.DefaultLevel = types.SharesLevelNormal
	options.ResourceConfigOption.MemoryAllocationOption.SharesOption.DefaultLevel = types.SharesLevelNormal
	options.NumCoresPerSocket = types.IntOption{Min: 1, Max: a.MaxCoresPerSocket, DefaultValue: 1} // 0: no limit told
	return options
}
