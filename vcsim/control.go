package main

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/vmware/govmomi/simulator"
)

func registerControl(service *simulator.Service, registry *simulator.Registry, where *site, moves *engine, who login) {
	service.ServeMux.Handle("GET /_sim/v1/motions", who.requireBasic(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, moves.motions())
	})))
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

func printScenarios(stdout io.Writer) error { return nil }
