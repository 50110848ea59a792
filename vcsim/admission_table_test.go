package main

import (
	"os"
	"sort"
	"strings"
	"testing"
)

// declared is everything the code says it may come up with.
func declared() map[string]bool {
	all := map[string]bool{}
	for _, outcome := range refusals {
		all[outcome] = true
	}
	for _, r := range rules {
		for _, outcome := range r.says {
			all[outcome] = true
		}
	}
	return all
}

// documented are the outcomes of the README's table of faults: a class, and what it carries after a slash, with its severities.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(content), "| fault class | condition |")
	if !found {
		t.Fatal("README.md has no table of fault classes")
	}
	all := map[string]bool{}
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(line, "|")
		if len(cells) < 7 {
			break
		}
		name := strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(cells[1]), "`", ""), " ", "")
		for _, severity := range []string{"error", "warning"} {
			if strings.Contains(cells[3], severity) {
				all[name+" "+severity] = true
			}
		}
	}
	return all
}

func TestTableCodeAndBehaviourAgree(t *testing.T) {
	shown := map[string]bool{}
	for _, s := range situations {
		shown[s.want] = true
	}
	sets := map[string]map[string]bool{"the code": declared(), "README.md": documented(t), "the situations": shown}
	for name, set := range sets {
		for other, more := range sets {
			if lacking := minus(more, set); len(lacking) > 0 {
				t.Errorf("%s lacks, of %s: %s", name, other, strings.Join(lacking, "; "))
			}
		}
	}
	classes := map[string]bool{}
	for outcome := range declared() {
		class, _, _ := strings.Cut(strings.Fields(outcome)[0], "/")
		classes[class] = true
	}
	if len(classes) < 40 {
		t.Errorf("only %d fault classes", len(classes))
	}
}

func minus(set, without map[string]bool) []string {
	var rest []string
	for outcome := range set {
		if !without[outcome] {
			rest = append(rest, outcome)
		}
	}
	sort.Strings(rest)
	return rest
}
