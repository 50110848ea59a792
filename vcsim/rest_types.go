package main

import (
	"fmt"
	"net/http"
	"time"
)

// What REST and JSON-RPC answer with. The json tag is a field's name in both; a pointer is an optional field, which is absent in REST
// where it is nil. structName is the structure's name in JSON-RPC.

type structNamed interface{ structName() string }

type sessionInfo struct {
	User           string  `json:"user"`
	CreatedTime    apiTime `json:"created_time"`
	LastAccessTime apiTime `json:"last_accessed_time"`
}

type categoryModel struct {
	ID              string   `json:"id"`
	Name            string   `json:"name"`
	Description     string   `json:"description"`
	Cardinality     string   `json:"cardinality"`
	AssociableTypes []string `json:"associable_types"`
	UsedBy          []string `json:"used_by"`
}

type tagModel struct {
	ID          string   `json:"id"`
	CategoryID  string   `json:"category_id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	UsedBy      []string `json:"used_by"`
}

type objectID struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type batchResult struct {
	Success       bool      `json:"success"`
	ErrorMessages []message `json:"error_messages"`
}

type objectTags struct {
	ObjectID objectID `json:"object_id"`
	TagIDs   []string `json:"tag_ids"`
}

type tagObjects struct {
	TagID     string     `json:"tag_id"`
	ObjectIDs []objectID `json:"object_ids"`
}

// message is a localizable message.
type message struct {
	ID             string   `json:"id"`
	DefaultMessage string   `json:"default_message"`
	Args           []string `json:"args"`
}

func (sessionInfo) structName() string   { return "com.vmware.cis.session.info" }
func (categoryModel) structName() string { return "com.vmware.cis.tagging.category_model" }
func (tagModel) structName() string      { return "com.vmware.cis.tagging.tag_model" }
func (objectID) structName() string      { return "com.vmware.vapi.std.dynamic_ID" }
func (batchResult) structName() string   { return "com.vmware.cis.tagging.tag_association.batch_result" }
func (objectTags) structName() string    { return "com.vmware.cis.tagging.tag_association.object_to_tags" }
func (tagObjects) structName() string    { return "com.vmware.cis.tagging.tag_association.tag_to_objects" }
func (message) structName() string       { return "com.vmware.vapi.std.localizable_message" }

func (o objectID) ref() moRef { return moRef{Type: o.Type, Value: o.ID} }

// secret is a text that JSON-RPC marks as one.
type secret string

// apiTime is a time as the vSphere Automation API writes it.
type apiTime time.Time

func (t apiTime) String() string { return time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z") }

// MarshalText makes it that in JSON.
func (t apiTime) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// tagSpec is the specification of a category or a tag, to be created or changed: what is nil is not said.
type tagSpec struct {
	Name            *string   `json:"name"`
	Description     *string   `json:"description"`
	Cardinality     *string   `json:"cardinality"`
	AssociableTypes *[]string `json:"associable_types"`
	CategoryID      *string   `json:"category_id"`
	TagID           *string   `json:"tag_id"`
}

// arguments are those of every operation together.
type arguments struct {
	CategoryID string     `json:"category_id"`
	TagID      string     `json:"tag_id"`
	TagIDs     []string   `json:"tag_ids"`
	ObjectID   objectID   `json:"object_id"`
	ObjectIDs  []objectID `json:"object_ids"`
	CreateSpec tagSpec    `json:"create_spec"`
	UpdateSpec tagSpec    `json:"update_spec"`
	Filter     filterSpec `json:"filter"`

	VM   string       `json:"vm"`
	Spec relocateSpec `json:"spec"`
	Task string       `json:"task"`
}

// apiError is an error of the vSphere Automation API.
type apiError struct {
	kind     string // as in com.vmware.vapi.std.errors
	messages []message
}

func (e *apiError) Error() string {
	if len(e.messages) == 0 {
		return e.kind
	}
	return e.kind + ": " + e.messages[0].DefaultMessage
}

func newAPIError(kind, format string, args ...any) *apiError {
	text := fmt.Sprintf(format, args...)
	return &apiError{kind, []message{{ID: "vcsim." + kind, DefaultMessage: text, Args: []string{}}}}
}

func invalidArgument(format string, args ...any) *apiError {
	return newAPIError("invalid_argument", format, args...)
}

func notFound(kind, id string) *apiError {
	return newAPIError("not_found", "there is no %s %q", kind, id)
}

func alreadyExists(kind, name string) *apiError {
	return newAPIError("already_exists", "there is a %s %q already", kind, name)
}

var errUnauthenticated = &apiError{kind: "unauthenticated", messages: []message{}}

// httpStatuses are the REST statuses of the kinds of errors.
var httpStatuses = map[string]int{
	"unauthenticated": http.StatusUnauthorized, "unauthorized": http.StatusForbidden, "not_found": http.StatusNotFound,
	"operation_not_found": http.StatusNotFound, "invalid_argument": http.StatusBadRequest, "already_exists": http.StatusBadRequest,
	"unable_to_allocate_resource": http.StatusInternalServerError, "not_allowed_in_current_state": http.StatusBadRequest,
}
