package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// taskModel is com.vmware.cis.task.info.
type taskModel struct {
	Description message       `json:"description"`
	Service     string        `json:"service"`
	Operation   string        `json:"operation"`
	Target      *objectID     `json:"target,omitempty"`
	Status      string        `json:"status"`
	Cancelable  bool          `json:"cancelable"`
	Error       *taskError    `json:"error,omitempty"`
	StartTime   *apiTime      `json:"start_time,omitempty"`
	EndTime     *apiTime      `json:"end_time,omitempty"`
	User        *string       `json:"user,omitempty"`
	Progress    *taskProgress `json:"progress,omitempty"`
	Parent      *string       `json:"parent,omitempty"`
	Result      *string       `json:"result,omitempty"`
}

type taskProgress struct {
	Total     int64   `json:"total"`
	Completed int64   `json:"completed"`
	Message   message `json:"message"`
}

func (taskModel) structName() string    { return "com.vmware.cis.task.info" }
func (taskProgress) structName() string { return "com.vmware.cis.task.progress" }

// taskError is an error within an answer.
type taskError struct{ *apiError }

// rpcForm is the error in JSON-RPC.
func (e taskError) rpcForm() any {
	return map[string]any{"ERROR": map[string]any{"com.vmware.vapi.std.errors." + e.kind: map[string]any{"messages": rpcValue(e.messages)}}}
}

// MarshalJSON is the error in REST.
func (e taskError) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"error_type": strings.ToUpper(e.kind), "messages": e.messages})
}

// taskStatuses are the API's words for the states of a task.
var taskStatuses = map[types.TaskInfoState]string{
	types.TaskInfoStateQueued: "PENDING", types.TaskInfoStateRunning: "RUNNING", types.TaskInfoStateSuccess: "SUCCEEDED", types.TaskInfoStateError: "FAILED",
}

// taskGet is what a task has come to. Every task of vCenter's is found, whichever way it was started.
func (c *apiCall) taskGet() (any, *apiError) {
	client, failed := c.client()
	if failed != nil {
		return nil, failed
	}
	var task mo.Task
	ref := moRef{Type: "Task", Value: c.Task}
	if err := property.DefaultCollector(client).RetrieveOne(c.request.Context(), ref, []string{"info"}, &task); err != nil {
		return nil, apiErrorOf(err)
	}
	return taskModelOf(&task.Info), nil
}

// taskCancel asks a task to end.
func (c *apiCall) taskCancel() (any, *apiError) {
	client, failed := c.client()
	if failed != nil {
		return nil, failed
	}
	if err := object.NewTask(client, moRef{Type: "Task", Value: c.Task}).Cancel(c.request.Context()); err != nil {
		return nil, apiErrorOf(err)
	}
	return nil, nil
}

func taskModelOf(info *types.TaskInfo) taskModel {
	service, operation := serviceOf(info.DescriptionId)
	model := taskModel{
		Description: said(info.DescriptionId, info.DescriptionId), Service: service, Operation: operation,
		Status: taskStatuses[info.State], Cancelable: info.Cancelable,
	}
	if info.Entity != nil {
		model.Target = &objectID{Type: info.Entity.Type, ID: info.Entity.Value}
	}
	if reason, is := info.Reason.(*types.TaskReasonUser); is {
		model.User = &reason.UserName
	}
	if info.StartTime != nil {
		model.StartTime = (*apiTime)(info.StartTime)
		model.Progress = &taskProgress{Total: 100, Completed: int64(info.Progress), Message: said("vcsim.progress", fmt.Sprintf("%d %%", info.Progress))}
	}
	if info.CompleteTime != nil {
		model.EndTime = (*apiTime)(info.CompleteTime)
	}
	if info.State == types.TaskInfoStateSuccess {
		model.Progress.Completed = model.Progress.Total
	}
	if info.Error != nil {
		model.Error = &taskError{apiErrorFor(info.Error.Fault, info.Error.LocalizedMessage)}
	}
	return model
}

func said(id, words string) message { return message{ID: id, DefaultMessage: words, Args: []string{}} }

// serviceOf is the service and the operation of a task's description. Only a relocation has one of this API.
func serviceOf(description string) (service, operation string) {
	if description == "VirtualMachine.relocate" {
		return "com.vmware.vcenter.VM", "relocate$task"
	}
	service, operation, _ = strings.Cut(description, ".")
	return service, operation
}
