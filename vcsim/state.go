package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// readyState is the content of ready.json: how to reach and log in to a running simulator.
type readyState struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	User     string `json:"user"`
	Password string `json:"password"`
	CAFile   string `json:"ca_file"`
	URL      string `json:"url"`
	PID      int    `json:"pid"`
	Stock    bool   `json:"stock"`
}

// stateDir is the directory of ca.pem and ready.json.
type stateDir struct {
	path      string
	temporary bool // made by us: removed as a whole at the end
}

// openStateDir makes the directory (0700) where it does not exist, and a temporary one for the empty path. A ready.json
// of an earlier start is removed: the file's appearance means "it answers".
func openStateDir(path string) (*stateDir, error) {
	if path == "" {
		made, err := os.MkdirTemp("", "vsphere-motion-vcsim-")
		return &stateDir{path: made, temporary: true}, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(absolute, 0o700); err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	if err := os.Remove(filepath.Join(absolute, "ready.json")); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("-state: %w", err)
	}
	return &stateDir{path: absolute}, nil
}

func (d *stateDir) caFile() string    { return filepath.Join(d.path, "ca.pem") }
func (d *stateDir) readyFile() string { return filepath.Join(d.path, "ready.json") }

// writeCA writes the authority's certificate, readable by everybody.
func (d *stateDir) writeCA(caPEM []byte) error {
	return writeAtomically(d.caFile(), caPEM, 0o644)
}

// writeReady writes ready.json, readable by the owner alone.
func (d *stateDir) writeReady(state readyState) error {
	content, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomically(d.readyFile(), append(content, '\n'), 0o600)
}

// remove takes away ready.json, and the directory where it is a temporary one; ca.pem stays in a directory of the user's.
func (d *stateDir) remove() {
	if d.temporary {
		_ = os.RemoveAll(d.path)
		return
	}
	_ = os.Remove(d.readyFile())
}

// writeAtomically writes a file so that a reader sees the whole content or none.
func writeAtomically(path string, content []byte, mode os.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if err := fill(file, content, mode); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func fill(file *os.File, content []byte, mode os.FileMode) error {
	if _, err := file.Write(content); err != nil {
		file.Close()
		return err
	}
	if err := file.Chmod(mode); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
