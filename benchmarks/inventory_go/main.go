// Command inventory_go reads properties of a whole inventory over govmomi, for benchmarks/inventory.py to compare with.
//
// It reads as the benchmark's other readers do: one ContainerView, the property collector, pages of 1,000 objects,
// every value decoded to govmomi's types. Standard input names the paths by kind of object; standard output is one
// line of JSON. Connecting and logging in are not measured.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const pageSize = 1000

type measured struct {
	Objects    int     `json:"objects"`
	Properties int     `json:"properties"`
	WallS      float64 `json:"wall_s"`
	CPUS       float64 `json:"cpu_s"`
	PeakMB     float64 `json:"peak_mb"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var paths map[string][]string
	if err := json.NewDecoder(os.Stdin).Decode(&paths); err != nil {
		return err
	}
	client, logout, err := connect(ctx)
	if err != nil {
		return err
	}
	defer logout()
	began, cpu := time.Now(), cpuSeconds()
	result, err := read(ctx, client, paths)
	if err != nil {
		return err
	}
	result.WallS, result.CPUS, result.PeakMB = time.Since(began).Seconds(), cpuSeconds()-cpu, peakMB()
	return json.NewEncoder(os.Stdout).Encode(result)
}

func connect(ctx context.Context) (*vim25.Client, func(), error) {
	have := os.Getenv
	address := &url.URL{Scheme: "https", Host: have("VMWARE_HOST") + ":" + have("VMWARE_PORT"), Path: "/sdk"}
	transport := soap.NewClient(address, false)
	if err := transport.SetRootCAs(have("VSPHERE_MOTION_CA_FILE")); err != nil {
		return nil, nil, err
	}
	client, err := vim25.NewClient(ctx, transport)
	if err != nil {
		return nil, nil, err
	}
	sessions := session.NewManager(client)
	if err := sessions.Login(ctx, url.UserPassword(have("VMWARE_USER"), have("VMWARE_PASSWORD"))); err != nil {
		return nil, nil, err
	}
	return client, func() { _ = sessions.Logout(ctx) }, nil
}

func read(ctx context.Context, client *vim25.Client, paths map[string][]string) (*measured, error) {
	kinds := make([]string, 0, len(paths))
	for kind := range paths {
		kinds = append(kinds, kind)
	}
	everything, err := view.NewManager(client).CreateContainerView(ctx, client.ServiceContent.RootFolder, kinds, true)
	if err != nil {
		return nil, err
	}
	defer func() { _ = everything.Destroy(ctx) }()
	answer, err := methods.RetrievePropertiesEx(ctx, client, request(client, everything.Reference(), paths))
	if err != nil {
		return nil, err
	}
	result, page := &measured{}, answer.Returnval
	contents := make([]types.ObjectContent, 0, pageSize)
	for page != nil {
		contents = append(contents, page.Objects...)
		if page.Token == "" {
			break
		}
		more := types.ContinueRetrievePropertiesEx{This: client.ServiceContent.PropertyCollector, Token: page.Token}
		next, err := methods.ContinueRetrievePropertiesEx(ctx, client, &more)
		if err != nil {
			return nil, err
		}
		page = &next.Returnval
	}
	for _, one := range contents {
		result.Objects++
		for _, property := range one.PropSet {
			if property.Val != nil { // some servers send an unset property without a value
				result.Properties++
			}
		}
	}
	return result, nil
}

func request(client *vim25.Client, everything types.ManagedObjectReference, paths map[string][]string) *types.RetrievePropertiesEx {
	step := &types.TraversalSpec{Type: everything.Type, Path: "view", Skip: types.NewBool(false)}
	spec := types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{
			{Obj: everything, Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{step}},
		},
	}
	for kind, set := range paths {
		spec.PropSet = append(spec.PropSet, types.PropertySpec{Type: kind, PathSet: set})
	}
	return &types.RetrievePropertiesEx{
		This:    client.ServiceContent.PropertyCollector,
		SpecSet: []types.PropertyFilterSpec{spec},
		Options: types.RetrieveOptions{MaxObjects: pageSize},
	}
}

func usage() syscall.Rusage {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return used
}

func cpuSeconds() float64 {
	used := usage()
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func peakMB() float64 {
	return float64(usage().Maxrss) / 1024
}
