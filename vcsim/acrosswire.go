package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// maxParcelBytes bounds what one side of a move sends at a time.
const maxParcelBytes = 16 << 20

// incomingPath is where a simulator takes machines of other vCenters in. The first call has the user and the password of the locator, and
// gives a ticket for what follows.
const incomingPath = "/_sim/v1/incoming/"

// tiding is what the source tells the destination of a move that has its ticket.
type tiding struct {
	Ticket  string
	Percent int32
	Lines   []farLine
	Parcel  *traveller // with the end alone
	Fault   *types.LocalizedMethodFault
	Done    bool // the source has let go of the machine
}

// receipt is the answer to a step.
type receipt struct {
	VM    moRef // after the machine was taken over
	Fault *types.LocalizedMethodFault
}

func encodeParcel(value any) ([]byte, error) {
	var text bytes.Buffer
	err := types.NewJSONEncoder(&text).Encode(value)
	return text.Bytes(), err
}

func decodeParcel(from io.Reader, into any) error {
	return types.NewJSONDecoder(io.LimitReader(from, maxParcelBytes)).Decode(into)
}

// incomingHandlers are the destination's doors.
func (c *control) incomingHandlers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"POST " + incomingPath + "judge":  c.judgeTraveller,
		"POST " + incomingPath + "begin":  c.stepOf((*engine).beginArrival),
		"POST " + incomingPath + "tell":   c.stepOf((*engine).hearOfArrival),
		"POST " + incomingPath + "arrive": c.stepOf((*engine).arrive),
		"POST " + incomingPath + "end":    c.stepOf((*engine).endArrival),
	}
}

// judgeTraveller lets in who may log in here, and judges the machine.
func (c *control) judgeTraveller(w http.ResponseWriter, r *http.Request) {
	user, password, given := r.BasicAuth()
	if !given || !c.registry.SessionManager().ValidLogin(&types.Login{UserName: user, Password: password}) {
		writeError(w, http.StatusUnauthorized, "user name or password is missing or wrong")
		return
	}
	var parcel traveller
	if err := decodeParcel(r.Body, &parcel); err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	ctx := *c.service.Context
	answerParcel(w, c.engine.receive(&ctx, user, &parcel))
}

// stepOf answers a step of a move that has its ticket.
func (c *control) stepOf(take func(*engine, *simulator.Context, *arrival, *tiding) receipt) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var s tiding
		if err := decodeParcel(r.Body, &s); err != nil {
			writeError(w, http.StatusBadRequest, err.Error())
			return
		}
		a := c.engine.arrivalOf(s.Ticket)
		if a == nil {
			writeError(w, http.StatusNotFound, "there is no such move")
			return
		}
		ctx := *c.service.Context
		a.mu.Lock()
		defer a.mu.Unlock()
		answerParcel(w, take(c.engine, &ctx, a, &s))
	}
}

func answerParcel(w http.ResponseWriter, value any) {
	text, err := encodeParcel(value)
	if err != nil {
		writeError(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

func newTicket() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
