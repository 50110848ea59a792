package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// browseLines is how many lines one call gives at most: 500 through vCenter. Source: govmomi, object/diagnostic_log.go.
const browseLines = 500

// QueryDescriptions lists the logs of a host, or of vCenter without one.
func (f *front) QueryDescriptions(ctx *simulator.Context, req *types.QueryDescriptions) soap.HasFault {
	if fault := f.checkHost(req.Host); fault != nil {
		return &methods.QueryDescriptionsBody{Fault_: simulator.Fault("", fault)}
	}
	res := &types.QueryDescriptionsResponse{}
	for _, key := range f.engine.logs.keys(deref(req.Host)) {
		res.Returnval = append(res.Returnval, describeLog(key))
	}
	return &methods.QueryDescriptionsBody{Res: res}
}

func (f *front) checkHost(host *moRef) types.BaseMethodFault {
	if host != nil && !isA[*simulator.HostSystem](f.engine.registry, *host) {
		return &types.ManagedObjectNotFound{Obj: *host}
	}
	return nil
}

func describeLog(key string) types.DiagnosticManagerLogDescriptor {
	file, creator := "/var/log/"+key+".log", key
	switch key {
	case keyVpxd:
		file, creator = "/var/log/vmware/vpxd/vpxd.log", "vpxd"
	case keyVMkernel:
		creator = string(types.DiagnosticManagerLogCreatorHostd)
	}
	return types.DiagnosticManagerLogDescriptor{
		Key: key, FileName: file, Creator: creator,
		Format: string(types.DiagnosticManagerLogFormatPlain), MimeType: "text/plain",
		Info: &types.Description{Label: key, Summary: "Log of " + key},
	}
}

// BrowseDiagnosticLog gives lines of a log, counted from 1. Zero for lines asks for as many as a call gives. A start beyond the end
// gives no line and the end's number, which is how clients find a log's tail.
func (f *front) BrowseDiagnosticLog(ctx *simulator.Context, req *types.BrowseDiagnosticLog) soap.HasFault {
	if fault := f.checkHost(req.Host); fault != nil {
		return &methods.BrowseDiagnosticLogBody{Fault_: simulator.Fault("", fault)}
	}
	count := browseLines
	if req.Lines > 0 {
		count = min(count, int(req.Lines))
	}
	lines, from, last, found := f.engine.logs.browse(deref(req.Host), f.keyOf(req), int(req.Start), count)
	if !found {
		fault := simulator.Fault("A specified parameter was not correct: key", &types.InvalidArgument{InvalidProperty: "key"})
		return &methods.BrowseDiagnosticLogBody{Fault_: fault}
	}
	header := types.DiagnosticManagerLogHeader{LineStart: int32(from), LineEnd: int32(last), LineText: lines}
	return &methods.BrowseDiagnosticLogBody{Res: &types.BrowseDiagnosticLogResponse{Returnval: header}}
}

// keyOf lets vCenter's log be asked for by its short name too.
func (f *front) keyOf(req *types.BrowseDiagnosticLog) string {
	if req.Host == nil && req.Key == "vpxd" {
		return keyVpxd
	}
	return req.Key
}
