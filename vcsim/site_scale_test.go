package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/simulator"
	"gopkg.in/yaml.v3"
)

func TestFoldersOfMachinesAreMadeOnFirstUse(t *testing.T) {
	registry, _ := generated(t, "-hosts", "4", "-vms", "400")
	for _, object := range registry.All("Datastore") {
		entries, err := os.ReadDir(object.(*simulator.Datastore).Summary.Url)
		if err != nil || len(entries) > 0 {
			t.Errorf("%s: %d entries, %v", object.Entity().Name, len(entries), err)
		}
	}
}

func TestCopiesShareNothing(t *testing.T) {
	type inner struct{ List []int }
	type outer struct {
		Inner  *inner
		Any    any
		hidden int
	}
	original := outer{Inner: &inner{List: []int{1}}, Any: &inner{List: []int{2}}, hidden: 3}
	for range 2 { // the second time from what is remembered of the type
		copied := deepCopy(original)
		copied.Inner.List[0], copied.Any.(*inner).List[0] = 9, 9
		if original.Inner.List[0] != 1 || original.Any.(*inner).List[0] != 2 || copied.hidden != 0 {
			t.Errorf("%+v %+v", original, copied)
		}
	}
}

// The command of compose.yaml has to be one this program takes, with a scenario it has.
func TestComposeStartsWhatThereIs(t *testing.T) {
	content, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct{ Command []string }
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, word := range file.Services["vcenter"].Command {
		if strings.HasPrefix(word, "${") {
			_, word, _ = strings.Cut(strings.TrimSuffix(word, "}"), ":-")
		}
		args = append(args, word)
	}
	if len(args) == 0 || args[0] != "serve" {
		t.Fatalf("the command is %v", args)
	}
	o, err := parseOptions(args[1:], io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loadScenario(o.scenario); err != nil || filepath.Dir(o.stateDir) != "/" || len(o.names) != 1 {
		t.Errorf("%+v: %v", o, err)
	}
}
