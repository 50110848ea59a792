package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vmware/govmomi/simulator"
)

// serveCommand starts the simulator, says so on stdout, and stops it on SIGTERM or SIGINT.
func serveCommand(args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	log.SetOutput(quietLog{stderr})
	boundMemory()
	running, err := start(o)
	if err != nil {
		return err
	}
	defer running.close()
	if running.state.temporary {
		fmt.Fprintf(stderr, "state in %s\n", running.state.path)
	}
	fmt.Fprintf(stdout, "ready %s\n", running.ready.URL)
	<-ctx.Done()
	return nil
}

// quietLog drops the one line that says nothing: govmomi looks for the vmware.log of a VM, and the VMs of a site have no files.
type quietLog struct{ io.Writer }

func (l quietLog) Write(line []byte) (int, error) {
	if bytes.HasSuffix(line, []byte(" open : no such file or directory\n")) {
		return len(line), nil
	}
	return l.Writer.Write(line)
}

// runningSimulator is a simulator that answers.
type runningSimulator struct {
	model  *simulator.Model
	server *simulator.Server
	state  *stateDir
	ready  readyState
	site   *site // nil under -stock, as are the two below
	engine *engine
	keeper *keeper

	services *services // nil under -stock too
	problem  error     // what went wrong after the server began to listen
}

// start builds the inventory, listens, and returns once the server answers.
func start(o *options) (*runningSimulator, error) {
	password, err := o.readPassword()
	if err != nil {
		return nil, err
	}
	plan, err := planSite(o)
	if err != nil {
		return nil, err
	}
	state, err := openStateDir(o.stateDir)
	if err != nil {
		return nil, err
	}
	r := &runningSimulator{state: state}
	if err := r.launch(o, plan, login{o.username, password}); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// planSite returns the site to build: the scenario's, a generated one, or none under -stock.
func planSite(o *options) (*scenario, error) {
	if o.stock {
		return nil, nil
	}
	if o.scenario == "" {
		return generateScenario(o), nil
	}
	plan, err := loadScenario(o.scenario)
	if err == nil && !o.given["seed"] && plan.Seed != nil {
		o.seed = *plan.Seed
	}
	return plan, err
}

func (r *runningSimulator) launch(o *options, plan *scenario, who login) error {
	certificates, err := makeCertificates(append(o.names, advertisedHost(o.listen)), time.Now())
	if err != nil {
		return err
	}
	if err := r.state.writeCA(certificates.caPEM); err != nil {
		return err
	}
	if err := r.build(o, plan); err != nil {
		return err
	}
	r.configure(o, plan, who, certificates)
	if err := r.listen(); err != nil {
		return err
	}
	if r.problem != nil {
		return r.problem
	}
	if r.services != nil {
		r.services.begin()
	}
	return r.announce(o, who, certificates)
}

// build creates the inventory: govmomi's own under -stock, else the planned site.
func (r *runningSimulator) build(o *options, plan *scenario) error {
	var err error
	if o.stock {
		r.model, err = buildStock(o)
		return err
	}
	r.model, r.site, err = buildSite(plan)
	return err
}

func (r *runningSimulator) configure(o *options, plan *scenario, who login, certificates *certificates) {
	service := r.model.Service
	service.RegisterEndpoints = true
	service.ServeMux = http.NewServeMux() // the default mux would publish /debug/vars
	service.Listen = &url.URL{Host: o.listen, User: url.UserPassword(who.user, who.password)}
	service.TLS = &tls.Config{Certificates: []tls.Certificate{certificates.leaf}, MinVersion: tls.VersionTLS12}
	onRegister.Store(service, func(service *simulator.Service, registry *simulator.Registry) {
		registry.SessionManager().ValidLogin = who.validLogin
		if o.stock {
			return
		}
		setLocks(registry)
		r.keeper = startKeeper(service, registry, r.site)
		registerAuthority(service, registry, r.site.Access, who)
		r.engine = registerMotionOn(service, registry, r.site, o.newClock(), o.seed)
		r.engine.surprises = o.surprises
		registerControl(service, registry, r.engine, who)
		r.services = registerServices(service, registry, r.engine.clock, o.idleTimeout(plan), who, r.engine.policies)
		r.problem = r.services.plant(plan)
		guardRegistries(service, registry)
	})
}

// listen starts the server; govmomi panics where an address cannot be used.
func (r *runningSimulator) listen() (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			onRegister.Delete(r.model.Service)
			err = fmt.Errorf("%s", strings.TrimPrefix(fmt.Sprint(problem), "httptest: "))
		}
	}()
	r.server = r.model.Service.NewServer()
	if r.engine != nil {
		r.server.Config.Handler = &guard{next: r.server.Config.Handler}
	}
	return nil
}

// announce waits until the server answers a client that verifies its certificate, then writes ready.json.
func (r *runningSimulator) announce(o *options, who login, certificates *certificates) error {
	ready, err := r.describe(o, who)
	if err != nil {
		return err
	}
	client, err := clientTrusting(ready.CAFile)
	if err != nil {
		return err
	}
	response, err := client.Get(strings.TrimSuffix(ready.URL, "/sdk") + "/about")
	if err != nil {
		return fmt.Errorf("the started server does not answer: %w", err)
	}
	response.Body.Close()
	client.CloseIdleConnections()
	r.ready = ready
	return r.state.writeReady(ready)
}

func (r *runningSimulator) describe(o *options, who login) (readyState, error) {
	host := advertisedHost(o.listen)
	port, err := strconv.Atoi(r.server.URL.Port())
	return readyState{
		Host: host, Port: port, User: who.user, Password: who.password, CAFile: r.state.caFile(),
		URL: "https://" + net.JoinHostPort(host, strconv.Itoa(port)) + "/sdk", PID: os.Getpid(), Stock: o.stock,
	}, err
}

// close stops the server and removes the model's temporary directory and the state.
func (r *runningSimulator) close() {
	if r.server != nil {
		r.closeServer()
	}
	if r.services != nil {
		r.services.stop()
	}
	if r.engine != nil {
		r.engine.stop()
	}
	if r.keeper != nil {
		r.keeper.stop()
	}
	if r.model != nil && r.model.Service != nil {
		r.model.Remove()
	}
	if r.state != nil {
		r.state.remove()
	}
}

// closingTime is how long close waits for requests in flight. A WaitForUpdatesEx may have a minute to go and is not waited for.
const closingTime = time.Second

func (r *runningSimulator) closeServer() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		r.server.CloseClientConnections()
		r.server.Close()
	}()
	select {
	case <-closed:
	case <-time.After(closingTime):
	}
}

// advertisedHost is the name clients on this machine reach the server by: the host of -listen, or the loopback address where
// it listens on every address.
func advertisedHost(listen string) string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	switch ip := net.ParseIP(host); {
	case host == "" || ip != nil && ip.Equal(net.IPv4zero):
		return "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		return "::1"
	}
	return host
}
