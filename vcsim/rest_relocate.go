package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sort"
	"strconv"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// Relocations of the vSphere Automation API. Each is the SOAP call of the same session, so that admission, permissions, limits, planted
// faults, tasks and logs are those of RelocateVM_Task. The identifier of a task is that of the SOAP task (UNVERIFIED).

// relocateSpec is com.vmware.vcenter.VM.relocate_spec.
type relocateSpec struct {
	Placement struct {
		Folder    string `json:"folder"`
		Pool      string `json:"resource_pool"`
		Host      string `json:"host"`
		Cluster   string `json:"cluster"`
		Datastore string `json:"datastore"`
	} `json:"placement"`
	Disks diskMoves `json:"disks"`
}

// diskMoves are the datastores of single disks, by the disks' keys.
type diskMoves map[string]struct {
	Datastore string `json:"datastore"`
}

// UnmarshalJSON reads a map in its REST form, an object, and in its JSON-RPC form, a list of entries.
func (d *diskMoves) UnmarshalJSON(text []byte) error {
	*d = diskMoves{}
	plain := map[string]struct {
		Datastore string `json:"datastore"`
	}{}
	if json.Unmarshal(text, &plain) == nil {
		*d = plain
		return nil
	}
	var entries []struct {
		Key   string `json:"key"`
		Value struct {
			Datastore string `json:"datastore"`
		} `json:"value"`
	}
	if err := json.Unmarshal(text, &entries); err != nil {
		return err
	}
	for _, entry := range entries {
		(*d)[entry.Key] = entry.Value
	}
	return nil
}

// soapInside makes SOAP calls inside the process, in the session of a call of the API.
type soapInside struct{ call *apiCall }

// RoundTrip makes it a transport of govmomi's.
func (s soapInside) RoundTrip(ctx context.Context, req, res soap.HasFault) error {
	var envelope bytes.Buffer
	if err := xml.NewEncoder(&envelope).Encode(soap.Envelope{Body: req}); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "/sdk", &envelope)
	if err != nil {
		return err
	}
	request.RemoteAddr = s.call.request.RemoteAddr
	request.Header.Set("User-Agent", s.call.request.UserAgent())
	request.AddCookie(&http.Cookie{Name: sessionCookie, Value: s.call.key})
	answer := &answerWhole{answerHead: answerHead{header: http.Header{}}}
	s.call.api.sessions.service.ServeSDK(answer, request)
	decoder := xml.NewDecoder(&answer.body)
	decoder.TypeFunc = types.TypeFunc()
	if err := decoder.Decode(&soap.Envelope{Body: res}); err != nil {
		return err
	}
	if fault := res.Fault(); fault != nil {
		return soap.WrapSoapFault(fault)
	}
	return nil
}

// answerWhole keeps the body of an answer too.
type answerWhole struct {
	answerHead

	body bytes.Buffer
}

func (a *answerWhole) Write(body []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(body)
}

// client is govmomi's client of the call's own session.
func (c *apiCall) client() (*vim25.Client, *apiError) {
	inside := soapInside{c}
	content, err := methods.GetServiceContent(c.request.Context(), inside)
	if err != nil {
		return nil, apiErrorOf(err)
	}
	return &vim25.Client{RoundTripper: inside, ServiceContent: content}, nil
}

// relocateTask starts a relocation and gives the identifier of its task.
func (c *apiCall) relocateTask() (any, *apiError) {
	task, failed := c.startRelocation()
	if failed != nil {
		return nil, failed
	}
	return task.Reference().Value, nil
}

// relocate starts a relocation and answers when it is over.
func (c *apiCall) relocate() (any, *apiError) {
	task, failed := c.startRelocation()
	if failed != nil {
		return nil, failed
	}
	info, err := task.WaitForResult(c.request.Context())
	if info != nil && info.Error != nil {
		return nil, apiErrorFor(info.Error.Fault, info.Error.LocalizedMessage)
	}
	if err != nil {
		return nil, apiErrorOf(err)
	}
	return nil, nil
}

func (c *apiCall) startRelocation() (*object.Task, *apiError) {
	client, failed := c.client()
	if failed != nil {
		return nil, failed
	}
	spec, failed := c.relocateSpec(client)
	if failed != nil {
		return nil, failed
	}
	vm := object.NewVirtualMachine(client, moRef{Type: "VirtualMachine", Value: c.VM})
	task, err := vm.Relocate(c.request.Context(), spec, types.VirtualMachineMovePriorityDefaultPriority)
	if err != nil {
		return nil, apiErrorOf(err)
	}
	return task, nil
}

// relocateSpec is the specification in SOAP's form. A cluster stands for its root resource pool.
func (c *apiCall) relocateSpec(client *vim25.Client) (spec types.VirtualMachineRelocateSpec, failed *apiError) {
	wanted := c.Spec.Placement
	spec.Folder, spec.Host = optionalRef("Folder", wanted.Folder), optionalRef("HostSystem", wanted.Host)
	spec.Datastore, spec.Pool = optionalRef("Datastore", wanted.Datastore), optionalRef("ResourcePool", wanted.Pool)
	if wanted.Cluster != "" && spec.Pool == nil {
		var cluster mo.ComputeResource
		ref := moRef{Type: "ClusterComputeResource", Value: wanted.Cluster}
		err := property.DefaultCollector(client).RetrieveOne(c.request.Context(), ref, []string{"resourcePool"}, &cluster)
		if err != nil {
			return spec, apiErrorOf(err)
		}
		spec.Pool = cluster.ResourcePool
	}
	spec.Disk, failed = c.Spec.Disks.locators()
	return spec, failed
}

// locators are the disks' places in SOAP's form, in the order of the disks' keys.
func (d diskMoves) locators() (list []types.VirtualMachineRelocateSpecDiskLocator, failed *apiError) {
	for id, disk := range d {
		key, err := strconv.ParseInt(id, 10, 32)
		if err != nil || disk.Datastore == "" {
			return nil, invalidArgument("the disk %q has no key, or no datastore to go to", id)
		}
		list = append(list, types.VirtualMachineRelocateSpecDiskLocator{DiskId: int32(key), Datastore: *optionalRef("Datastore", disk.Datastore)})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].DiskId < list[j].DiskId })
	return list, nil
}

func optionalRef(kind, value string) *moRef {
	if value == "" {
		return nil
	}
	return &moRef{Type: kind, Value: value}
}

// apiErrorOf is the API's error for what a SOAP call was answered with.
func apiErrorOf(err error) *apiError {
	if !soap.IsSoapFault(err) {
		return newAPIError("error", "%v", err)
	}
	fault := soap.ToSoapFault(err)
	return apiErrorFor(fault.VimFault(), fault.String)
}

// apiErrorFor is the API's error for a fault. Which class becomes which is UNVERIFIED, but for those of the same name.
func apiErrorFor(fault any, words string) *apiError {
	kind := "error"
	switch fault.(type) {
	case types.NotAuthenticated, *types.NotAuthenticated:
		return errUnauthenticated
	case types.NoPermission, *types.NoPermission:
		kind = "unauthorized"
	case types.ManagedObjectNotFound, *types.ManagedObjectNotFound:
		kind = "not_found"
	case types.InvalidArgument, *types.InvalidArgument:
		kind = "invalid_argument"
	case types.InvalidState, *types.InvalidState, types.NotSupported, *types.NotSupported:
		kind = "not_allowed_in_current_state"
	case types.RequestCanceled, *types.RequestCanceled:
		kind = "canceled"
	}
	return newAPIError(kind, "%s", words)
}
