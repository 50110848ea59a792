package main

import (
	"encoding/json"
	"net/http"
)

// maxAPIBytes bounds the body of a request.
const maxAPIBytes = 8 << 20

// rpcRequest is a JSON-RPC request as the Automation SDK sends it.
type rpcRequest struct {
	Version string          `json:"jsonrpc"`
	Method  string          `json:"method"`
	ID      json.RawMessage `json:"id"`
	Params  struct {
		Service   string          `json:"serviceId"`
		Operation string          `json:"operationId"`
		Input     json.RawMessage `json:"input"`
		Context   struct {
			Security rpcSecurity `json:"securityCtx"`
		} `json:"ctx"`
	} `json:"params"`
}

type rpcSecurity struct {
	Scheme   string `json:"schemeId"`
	User     string `json:"userName"`
	Password string `json:"password"`
	Session  string `json:"sessionId"`
}

const (
	schemeUser    = "com.vmware.vapi.std.security.user_pass"
	schemeSession = "com.vmware.vapi.std.security.session_id"
)

// Codes of JSON-RPC errors.
const (
	rpcParseError     = -32700
	rpcInvalidRequest = -32600
)

// serveRPC answers POST /api: HTTP 200 always, errors are in the body.
func (a *restAPI) serveRPC(w http.ResponseWriter, r *http.Request) {
	var request rpcRequest
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAPIBytes)).Decode(&request)
	switch {
	case err != nil:
		writeRPC(w, nil, map[string]any{"error": map[string]any{"code": rpcParseError, "message": "Parse error"}})
	case request.Version != "2.0" || request.Method != "invoke" || request.Params.Service == "" || request.Params.Operation == "":
		writeRPC(w, request.ID, map[string]any{"error": map[string]any{"code": rpcInvalidRequest, "message": "Invalid Request"}})
	default:
		writeRPC(w, request.ID, map[string]any{"result": a.invoke(r, &request)})
	}
}

func writeRPC(w http.ResponseWriter, id json.RawMessage, answer map[string]any) {
	answer["jsonrpc"] = "2.0"
	answer["id"] = id
	if len(id) == 0 {
		answer["id"] = nil
	}
	writeJSON(w, http.StatusOK, answer)
}

// invoke carries an operation out and gives the result part of the answer.
func (a *restAPI) invoke(r *http.Request, request *rpcRequest) map[string]any {
	value, err := a.perform(r, request)
	if err != nil {
		return map[string]any{"error": map[string]any{"ERROR": map[string]any{
			"com.vmware.vapi.std.errors." + err.kind: map[string]any{"messages": rpcValue(err.messages)},
		}}}
	}
	return map[string]any{"output": rpcValue(value)}
}

func (a *restAPI) perform(r *http.Request, request *rpcRequest) (any, *apiError) {
	name, security := request.Params.Service+"/"+request.Params.Operation, request.Params.Context.Security
	if name == "com.vmware.cis.session/create" {
		if security.Scheme != schemeUser {
			return nil, errUnauthenticated
		}
		if key, ok := a.sessions.login(r, security.User, security.Password); ok {
			return secret(key), nil
		}
		return nil, errUnauthenticated
	}
	if _, known := operations[name]; !known {
		return nil, newAPIError("operation_not_found", "there is no operation %s", name)
	}
	if security.Scheme != schemeSession || !a.sessions.use(r, security.Session) {
		return nil, errUnauthenticated
	}
	call := &apiCall{api: a, request: r, key: security.Session}
	if err := decodeInput(request.Params.Input, &call.arguments); err != nil {
		return nil, invalidArgument("the input of %s cannot be read: %v", name, err)
	}
	return call.carryOut(name)
}
