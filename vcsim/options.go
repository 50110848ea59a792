package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Bounds of the generated site; beyond them the simulator answers too slowly to be useful.
const (
	maxHosts    = 2048
	maxVMs      = 50000
	maxClusters = 256
)

// hostsPerCluster is the number of hosts in a generated cluster unless -clusters says otherwise.
const hostsPerCluster = 32

// options is the parsed command line of serve.
type options struct {
	listen         string
	hosts          int
	vms            int
	clusters       int // 0: one for every started hostsPerCluster hosts
	scenario       string
	speed          float64
	seed           int64
	share          string // of a link, as given with -bandwidth-share
	bursts         bool
	surprises      surprises
	clock          string    // "scaled" or "virtual"
	begin          string    // as given with -start
	startTime      time.Time // of the simulated time; zero: not given
	stock          bool
	username       string
	passwordFile   string
	stateDir       string
	sessionTimeout time.Duration
	names          []string // further names and addresses of the leaf certificate
	given          map[string]bool
}

// stringList is a flag that may be repeated.
type stringList struct{ values *[]string }

func (l stringList) String() string { return "" }

func (l stringList) Set(value string) error {
	*l.values = append(*l.values, value)
	return nil
}

// parseOptions reads the flags of serve; what is wrong comes back as a usageError.
func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{given: map[string]bool{}}
	flags := newServeFlags(o)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			fmt.Fprint(stderr, usage, "\nflags of serve:\n")
			flags.SetOutput(stderr)
			flags.PrintDefaults()
			return nil, err
		}
		return nil, usageError{err}
	}
	if flags.NArg() > 0 {
		return nil, usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	}
	flags.Visit(func(f *flag.Flag) { o.given[f.Name] = true })
	return o, o.validate()
}

func newServeFlags(o *options) *flag.FlagSet {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address:port` to listen on; port 0 picks a free one")
	flags.IntVar(&o.hosts, "hosts", 4, "hosts in the generated site")
	flags.IntVar(&o.vms, "vms", 8, "virtual machines in the generated site")
	flags.IntVar(&o.clusters, "clusters", 0, "clusters in the generated site (0: one for every started 32 hosts)")
	flags.StringVar(&o.scenario, "scenario", "", "site to build: a YAML `file`, or the name of a shipped scenario such as demo")
	flags.Float64Var(&o.speed, "speed", 1, "how many simulated seconds pass in one real second of a migration")
	flags.Int64Var(&o.seed, "seed", 1, "seed of everything random in a migration (a scenario's own seed counts when this flag is absent)")
	flags.StringVar(&o.share, "bandwidth-share", "", "`range` such as 0.4-1.0: the share of the link that motions between two hosts get, drawn for each pair")
	flags.BoolVar(&o.bursts, "dirty-bursts", false, "let guests write in bursts around their dirty_mbps, drawn for each pass of a pre-copy")
	flags.StringVar(&o.clock, "clock", "scaled", "scaled: simulated time runs -speed times as fast as the real one; virtual: it jumps from event to event")
	flags.StringVar(&o.begin, "start", "", "simulated `time` at the start, such as 2026-01-01T00:00:00Z (default: now; that very time with -clock virtual)")
	flags.BoolVar(&o.stock, "stock", false, "plain govmomi behaviour: no migration engine, no control endpoint")
	flags.StringVar(&o.username, "username", "administrator@vsphere.local", "`name` that may log in, with or without its @domain")
	flags.StringVar(&o.passwordFile, "password-file", "", "`file` with the password; without it a random one is made and written to ready.json")
	flags.DurationVar(&o.sessionTimeout, "session-timeout", defaultSessionTimeout, "how long a session may be idle, in real `time`")
	flags.StringVar(&o.stateDir, "state", "", "`directory` for ca.pem and ready.json; without it a temporary one, named on stderr")
	flags.Var(stringList{&o.names}, "name", "further `name` or address in the server's certificate (may be repeated)")
	return flags
}

func (o *options) validate() error {
	problem := func(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
	switch {
	case o.hosts < 1 || o.hosts > maxHosts:
		return problem("-hosts must be 1 to %d, not %d", maxHosts, o.hosts)
	case o.vms < 0 || o.vms > maxVMs:
		return problem("-vms must be 0 to %d, not %d", maxVMs, o.vms)
	case o.clusters < 0 || o.clusters > maxClusters:
		return problem("-clusters must be 0 to %d, not %d", maxClusters, o.clusters)
	case o.clusters > o.hosts:
		return problem("-clusters %d is more than -hosts %d", o.clusters, o.hosts)
	case !(o.speed > 0):
		return problem("-speed must be above 0, not %v", o.speed)
	case o.sessionTimeout <= 0:
		return problem("-session-timeout must be above 0, not %v", o.sessionTimeout)
	case o.username == "" || strings.HasPrefix(o.username, "@"):
		return problem("-username must not be empty")
	case o.scenario != "" && o.stock:
		return problem("-scenario and -stock exclude each other: plain govmomi builds its own inventory")
	case o.scenario != "" && (o.given["hosts"] || o.given["vms"] || o.given["clusters"]):
		return problem("-scenario and -hosts, -vms, -clusters exclude each other")
	}
	if err := o.readSurprises(); err != nil {
		return err
	}
	return o.readClock()
}

// clusterCount is the number of clusters of the generated site.
func (o *options) clusterCount() int {
	if o.clusters > 0 {
		return o.clusters
	}
	return (o.hosts + hostsPerCluster - 1) / hostsPerCluster
}

// readPassword returns the password of -password-file, without its line end, or a random one.
func (o *options) readPassword() (string, error) {
	if o.passwordFile == "" {
		return randomPassword()
	}
	content, err := os.ReadFile(o.passwordFile)
	if err != nil {
		return "", fmt.Errorf("-password-file: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" {
		return "", fmt.Errorf("-password-file: %s is empty", o.passwordFile)
	}
	return password, nil
}
