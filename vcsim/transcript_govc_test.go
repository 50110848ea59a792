package main

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// transcriptOfGovc is what somebody at a shell types and reads: the end of a line is what of the answer counts. The second relocation
// stands still half-way, at a planted fault, until it is cancelled.
var transcriptOfGovc = strings.TrimSpace(`
govc about                                            VMware vCenter Server 8.0.3
govc ls vm                                            web01 web02 db01 files01 off01 snap01
govc tags.category.create -t VirtualMachine env       a category
govc tags.create -c env prod                          a tag
govc tags.attach -c env prod /DC0/vm/db01             done
govc tags.attached.ls prod                            VirtualMachine
govc ls -L VirtualMachine                             /DC0/vm/db01
govc tags.attached.ls -r /DC0/vm/db01                 prod
govc vm.migrate -host esx3 db01                       OK
govc tasks                                            RelocateVM db01 success
govc vm.info db01                                     on esx3
govc logs -host esx1 -log vmkernel -n 30              <id> begun, <id> stopped pre-copy, <id> sent
govc logs -host esx3 -log vmkernel -n 30              <id> begun
govc vm.migrate -host esx1 db01                       50 %
govc tasks                                            RelocateVM db01 success, RelocateVM db01 running 50%
govc task.cancel task                                 done
govc vm.migrate -host esx1 db01                       The task was canceled by a user.
govc tasks                                            RelocateVM db01 success, RelocateVM db01 error The task was canceled by a user
govc vm.info db01                                     on esx3
govc logs -host esx3 -log vmkernel -n 30              <id> begun, <id> failed 0xbad00e0
`)

// govcShell runs govc against a simulator and writes down what counts.
type govcShell struct {
	t       *testing.T
	program string
	env     []string
	lines   []string
}

func TestTranscriptOfGovc(t *testing.T) {
	program, err := exec.LookPath("govc")
	if err != nil {
		t.Skip("no govc on PATH")
	}
	r := running(t, "-scenario", "small", "-speed", "20")
	s := &govcShell{t: t, program: program, env: append(os.Environ(), "GOVC_URL="+r.ready.URL, "GOVC_USERNAME="+r.ready.User,
		"GOVC_PASSWORD="+r.ready.Password, "GOVC_TLS_CA_CERTS="+r.ready.CAFile, "GOVC_PERSIST_SESSION=false")}
	s.tag()
	s.moveToTheEnd()
	hang := map[string]any{"match": map[string]any{"vm": "db01"}, "when": map[string]any{"percent": 50}, "hang": map[string]any{}}
	if status := ask(t, r, http.MethodPost, "/_sim/v1/faults", hang, nil); status != http.StatusCreated {
		t.Fatalf("no fault is planted: %d", status)
	}
	s.cancelHalfWay()
	if got := strings.Join(s.lines, "\n"); got != transcriptOfGovc {
		t.Errorf("the transcript is\n%s\nnot\n%s", got, transcriptOfGovc)
	}
}

func (s *govcShell) command(line string) *exec.Cmd {
	command := exec.Command(s.program, strings.Fields(line)...)
	command.Env = s.env
	return command
}

// references are those of objects, of which only the type counts.
var references = regexp.MustCompile(`(VirtualMachine|task)[:-](?:vm-)?\d+`)

func (s *govcShell) say(line, counts string) {
	line = "govc " + references.ReplaceAllString(line, "$1")
	s.lines = append(s.lines, line+strings.Repeat(" ", max(1, 54-len(line)))+references.ReplaceAllString(counts, "$1"))
}

// run types a line; counts picks what counts out of the answer.
func (s *govcShell) run(line string, counts func(string) string) string {
	s.t.Helper()
	output, err := s.command(line).CombinedOutput()
	if err != nil {
		s.t.Fatalf("govc %s: %v\n%s", line, err, output)
	}
	s.say(line, counts(string(output)))
	return string(output)
}

// found is the first group of a pattern, wherever it is in the answer.
func found(pattern string) func(string) string {
	expression := regexp.MustCompile(pattern)
	return func(output string) string {
		if match := expression.FindStringSubmatch(output); match != nil {
			return match[1]
		}
		return "not found in " + output
	}
}

func whole(output string) string { return strings.TrimSpace(output) }

// named is the words where the answer is the identifier of a tagging object.
func named(kind, words string) func(string) string {
	return func(output string) string {
		if strings.HasPrefix(output, "urn:vmomi:"+kind+":") {
			return words
		}
		return output
	}
}

func (s *govcShell) tag() {
	s.run("about", found(`FullName: +(\S+ \S+ \S+ \S+)`))
	s.run("ls vm", func(output string) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(output, "/DC0/vm/", "")), " ")
	})
	s.run("tags.category.create -t VirtualMachine env", named("InventoryServiceCategory", "a category"))
	s.run("tags.create -c env prod", named("InventoryServiceTag", "a tag"))
	s.run("tags.attach -c env prod /DC0/vm/db01", func(output string) string { return output + "done" })
	machine := whole(s.run("tags.attached.ls prod", whole))
	s.run("ls -L "+machine, whole)
	s.run("tags.attached.ls -r /DC0/vm/db01", whole)
}

func (s *govcShell) moveToTheEnd() {
	s.run("vm.migrate -host esx3 db01", found(`\.\.\. (OK)\n`))
	s.run("tasks", taskTable)
	s.run("vm.info db01", func(output string) string { return "on " + found(`Host: +(\S+)`)(output) })
	s.run("logs -host esx1 -log vmkernel -n 30", latestMigration)
	s.run("logs -host esx3 -log vmkernel -n 30", latestMigration)
}

// cancelHalfWay runs two commands at once, as in two windows.
func (s *govcShell) cancelHalfWay() {
	migrate := s.command("vm.migrate -host esx1 db01")
	var complaint bytes.Buffer
	migrate.Stderr = &complaint
	output, err := migrate.StdoutPipe()
	if err == nil {
		err = migrate.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	seen := bufio.NewReader(output)
	for text := ""; !strings.HasSuffix(text, "(50%)"); {
		letter, err := seen.ReadByte()
		if err != nil {
			s.t.Fatalf("the progress ends with %s%s", text, complaint.String())
		}
		text += string(letter)
	}
	s.say("vm.migrate -host esx1 db01", "50 %")
	task := found(`RelocateVM +db01 .* running \[50% Task:(task-\d+)\]`)(s.run("tasks", taskTable))
	if answer, err := s.command("task.cancel " + task).CombinedOutput(); err != nil {
		s.t.Fatalf("govc task.cancel %s: %v\n%s", task, err, answer)
	}
	s.say("task.cancel "+task, "done")
	if _, err := seen.WriteTo(&bytes.Buffer{}); err != nil {
		s.t.Fatal(err)
	}
	if err := migrate.Wait(); err == nil {
		s.t.Error("govc vm.migrate says nothing of the cancellation")
	}
	s.say("vm.migrate -host esx1 db01", found(`govc: (.*)`)(complaint.String()))
	s.run("tasks", taskTable)
	s.run("vm.info db01", func(output string) string { return "on " + found(`Host: +(\S+)`)(output) })
	s.run("logs -host esx3 -log vmkernel -n 30", latestMigration)
}

var taskMark = regexp.MustCompile(`^[0-9.]+s$| Task:task-\d+$`)

var taskRow = regexp.MustCompile(`(?m)^(\S+) +(db01) .*?(success|running|error) +\[([^\]]*)\]`)

// taskTable is name, target, state and result of the tasks in govc's table, without how long they took and which they are.
func taskTable(output string) string {
	var rows []string
	for _, row := range taskRow.FindAllStringSubmatch(output, -1) {
		result := taskMark.ReplaceAllString(row[4], "")
		rows = append(rows, strings.TrimSpace(strings.Join([]string{row[1], row[2], row[3], result}, " ")))
	}
	if len(rows) == 0 {
		return "no rows in " + output
	}
	return strings.Join(rows, ", ")
}

// latestMigration is what a log tells of the migration that began last.
func latestMigration(output string) string {
	lines := strings.Split(output, "\n")
	id := ""
	for _, line := range lines {
		if match := begunMigration.FindStringSubmatch(line); match != nil {
			id = match[2]
		}
	}
	return toldOf(id, lines)
}
