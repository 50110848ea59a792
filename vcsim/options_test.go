package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMistakesOnTheCommandLineAreUsageErrors(t *testing.T) {
	tests := [][]string{
		{"-hosts", "0"}, {"-hosts", "x"}, {"-vms", "-1"}, {"-clusters", "5", "-hosts", "4"}, {"-speed", "0"}, {"-speed", "NaN"}, {"-username", ""},
		{"-nosuch"}, {"stray"}, {"-stock", "-scenario", "demo"}, {"-scenario", "demo", "-vms", "3"},
	}
	for _, args := range tests {
		_, err := parseOptions(args, io.Discard)
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("%v: got %v", args, err)
		}
	}
}

func TestOneLineAndTheRightExitCode(t *testing.T) {
	tests := []struct {
		args []string
		code int
	}{
		{[]string{"serve", "-hosts", "0"}, exitUsage},
		{[]string{"dance"}, exitUsage},
		{[]string{"health"}, exitUsage},
		{[]string{"serve", "-scenario", "/no/such.yaml"}, exitError},
		{[]string{"serve", "-password-file", "/no/such"}, exitError},
		{[]string{"serve", "-listen", "127.0.0.1:99999"}, exitError},
		{[]string{"version"}, exitOK},
		{[]string{"scenarios"}, exitOK},
	}
	for _, test := range tests {
		var stdout, stderr bytes.Buffer
		if code := run(test.args, &stdout, &stderr); code != test.code {
			t.Errorf("%v: exit code %d, want %d (%s)", test.args, code, test.code, stderr.String())
		}
		if test.code != exitOK && (strings.Count(stderr.String(), "\n") != 1 || stdout.Len() > 0) {
			t.Errorf("%v: stderr %q, stdout %q", test.args, stderr.String(), stdout.String())
		}
	}
}

func TestPasswordFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	for content, want := range map[string]string{"secret word\n": "secret word", "a\r\n": "a", "": ""} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := (&options{passwordFile: file}).readPassword()
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v", content, got, err)
		}
	}
}

func TestRandomPasswordsAreLongAndDiffer(t *testing.T) {
	first, err := randomPassword()
	if err != nil {
		t.Fatal(err)
	}
	second, err := randomPassword()
	if err != nil || len(first) != 24 || first == second {
		t.Errorf("%q, %q, %v", first, second, err)
	}
}

func TestClustersOfTheGeneratedSite(t *testing.T) {
	tests := []struct{ hosts, clusters, want int }{{1, 0, 1}, {32, 0, 1}, {33, 0, 2}, {64, 0, 2}, {65, 0, 3}, {10, 4, 4}}
	for _, test := range tests {
		if got := (&options{hosts: test.hosts, clusters: test.clusters}).clusterCount(); got != test.want {
			t.Errorf("%+v: got %d", test, got)
		}
	}
}
