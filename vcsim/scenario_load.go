package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed scenarios/*.yaml
var shippedScenarios embed.FS

// loadScenario reads, checks and completes a scenario: a file, or a shipped one by its bare name.
func loadScenario(name string) (*scenario, error) {
	content, err := readScenario(name)
	if err != nil {
		return nil, err
	}
	return parseScenario(name, content)
}

// readScenario prefers a file of that very name to a shipped scenario.
func readScenario(name string) ([]byte, error) {
	content, err := os.ReadFile(name)
	if err == nil || strings.ContainsAny(name, `/\`) || !errors.Is(err, os.ErrNotExist) {
		if err != nil {
			return nil, fmt.Errorf("-scenario: %w", err)
		}
		return content, nil
	}
	content, err = shippedScenarios.ReadFile("scenarios/" + strings.TrimSuffix(name, ".yaml") + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("-scenario: no file %s and no shipped scenario of that name (shipped: %s)", name, strings.Join(scenarioNames(), ", "))
	}
	return content, nil
}

// scenarioNames lists the scenarios inside the binary.
func scenarioNames() []string {
	entries, _ := shippedScenarios.ReadDir("scenarios")
	var names []string
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(path.Base(entry.Name()), ".yaml"))
	}
	sort.Strings(names)
	return names
}

func printScenarios(stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, strings.Join(scenarioNames(), "\n"))
	return err
}

// parseScenario turns YAML into a checked scenario; every error names the file and the line.
func parseScenario(file string, content []byte) (*scenario, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s:1: the scenario is empty", file)
		}
		return nil, yamlError(file, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one YAML document", file)
	}
	source := scenarioSource{file: file, root: document.Content[0]}
	if err := source.unroll(); err != nil {
		return nil, err
	}
	if err := source.checkKeys(); err != nil {
		return nil, err
	}
	plan := &scenario{}
	if err := source.root.Decode(plan); err != nil {
		return nil, yamlError(file, err)
	}
	source.markNulls(plan)
	plan.expandHosts()
	return plan, source.validate(plan)
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// yamlError gives the YAML library's message our form, file:line: text; only the first of several problems is kept.
func yamlError(file string, err error) error {
	text := err.Error()
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		text = typed.Errors[0]
	}
	text = strings.TrimPrefix(text, "yaml: ")
	if at := yamlLine.FindStringSubmatchIndex(text); at != nil {
		return fmt.Errorf("%s:%s: %s", file, text[at[2]:at[3]], text[:at[0]]+text[at[1]:])
	}
	return fmt.Errorf("%s: %s", file, text)
}

// UnmarshalYAML accepts the word all or a list of names.
func (l *hostList) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode && node.Value == "all" {
		l.All = true
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: hosts must be the word all or a list of host names", node.Line)}}
	}
	return node.Decode(&l.Names)
}

// markNulls records the places where null means something else than absence, and fills in "all" where no hosts are named.
func (s scenarioSource) markNulls(plan *scenario) {
	for c := range plan.Clusters {
		for h := range plan.Clusters[c].Hosts {
			node := s.find("clusters", c, "hosts", h, "vmotion")
			plan.Clusters[c].Hosts[h].NoVMotion = node != nil && node.ShortTag() == "!!null"
		}
	}
	for i := range plan.Datastores {
		plan.Datastores[i].Hosts.All = plan.Datastores[i].Hosts.All || s.find("datastores", i, "hosts") == nil
	}
	for i := range plan.Networks {
		plan.Networks[i].Hosts.All = plan.Networks[i].Hosts.All || s.find("networks", i, "hosts") == nil
	}
}
