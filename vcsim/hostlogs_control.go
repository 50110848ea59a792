package main

import (
	"fmt"
	"net/http"
	"strconv"
)

// logHandlers add the hosts' logs to the control endpoint, whole and with the old files, which no API of vCenter's gives.
func (c *control) logHandlers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{"GET /_sim/v1/logs/{moid}/{key}": c.showLog}
}

// showLog writes the lines of one file of one log: of the current one, or for ?file=N of the N-th before it.
func (c *control) showLog(w http.ResponseWriter, r *http.Request) {
	number := 0
	if text := r.URL.Query().Get("file"); text != "" {
		var err error
		if number, err = strconv.Atoi(text); err != nil {
			writeError(w, http.StatusUnprocessableEntity, fmt.Sprintf("file is a number, not %q", text))
			return
		}
	}
	host := moRef{Type: "HostSystem", Value: r.PathValue("moid")}
	lines, found := c.engine.logs.read(host, r.PathValue("key"), number)
	if !found {
		writeError(w, http.StatusNotFound, fmt.Sprintf("%s has no file %d of a log %q; its logs are %v", host.Value, number, r.PathValue("key"), c.engine.logs.keys(host)))
		return
	}
	writeJSON(w, http.StatusOK, lines)
}
