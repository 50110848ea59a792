package main

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"sort"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// patch is a set of changes to one object: leaf path -> JSON value.
type patch map[string]json.RawMessage

// patchedRoot is the new value of a top-level property while a patch is put together.
type patchedRoot struct {
	field reflect.Value // of the object
	fresh reflect.Value // the changed copy
}

// apply makes all changes or none, under the object's lock, and notifies every watcher. It returns the paths that changed, mirrors
// included. Values are changed in a deep copy that then replaces the property, so that nothing shared between objects is touched.
func (p patch) apply(ctx *simulator.Context, object mo.Reference) (changed []string, err error) {
	ctx.WithLock(object, func() {
		target := managedObject(object)
		roots := map[string]*patchedRoot{}
		for _, at := range p.sorted() {
			steps, failure := parsePath(at)
			if failure != nil {
				err = failure
				return
			}
			paths, failure := setEverywhere(target, roots, object.Reference().Type, steps, p[at])
			if failure != nil {
				err = failure
				return
			}
			changed = append(changed, paths...)
		}
		commit(ctx, object, target, roots)
		notify(ctx, object, target, changed)
	})
	return changed, err
}

// sorted lists the paths, shorter ones first, so that a whole can be set together with one of its parts.
func (p patch) sorted() []string {
	var paths []string
	for at := range p {
		paths = append(paths, at)
	}
	sort.Strings(paths)
	return paths
}

// setEverywhere sets the value at its path, and at the path that mirrors it where there is one.
func setEverywhere(target reflect.Value, roots map[string]*patchedRoot, kind string, steps []step, value json.RawMessage) ([]string, error) {
	if err := setOne(target, roots, steps, value); err != nil {
		return nil, err
	}
	changed := []string{pathOf(steps)}
	for _, mirror := range mirrorsOf(kind, pathOf(steps)) {
		other, err := parsePath(mirror)
		if err == nil && setOne(target, roots, other, value) == nil {
			changed = append(changed, mirror)
		}
	}
	return changed, nil
}

func setOne(target reflect.Value, roots map[string]*patchedRoot, steps []step, value json.RawMessage) error {
	root, err := rootOf(target, roots, steps[0].name)
	if err != nil {
		return err
	}
	at := leaf{value: root.fresh}
	if len(steps) > 1 {
		inner, err := open(root.fresh, steps[0].name)
		if err != nil {
			return err
		}
		if at, err = walk(inner, steps[1:]); err != nil {
			return fmt.Errorf("%s%w", opening(steps), err)
		}
	}
	if err := at.set(value); err != nil {
		return fmt.Errorf("%s: %w", pathOf(steps), err)
	}
	return nil
}

// opening is the part of a path before its second step, so that messages of walk read on from there.
func opening(steps []step) string {
	if steps[1].bracket {
		return steps[0].name
	}
	return steps[0].name + "."
}

// rootOf returns the copy of a top-level property that this patch works on.
func rootOf(target reflect.Value, roots map[string]*patchedRoot, name string) (*patchedRoot, error) {
	if root, ok := roots[name]; ok {
		return root, nil
	}
	field, _, ok := fieldNamed(target, name)
	if !ok {
		return nil, fmt.Errorf("%s: unknown property of %s", name, target.Type().Name())
	}
	fresh := reflect.New(field.Type()).Elem()
	fresh.Set(copyValue(field))
	roots[name] = &patchedRoot{field: field, fresh: fresh}
	return roots[name], nil
}

// managedObject digs the API's own struct out of the simulator's wrapper, as the property collector does.
func managedObject(object mo.Reference) reflect.Value {
	v := reflect.ValueOf(object).Elem()
	for path.Base(v.Type().PkgPath()) != "mo" {
		if v = v.Field(0); v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
	}
	return v
}

// commit replaces the changed properties and mends what pointed into the old ones.
func commit(ctx *simulator.Context, object mo.Reference, target reflect.Value, roots map[string]*patchedRoot) {
	for _, root := range roots {
		root.field.Set(root.fresh)
	}
	if host, ok := target.Addr().Interface().(*mo.HostSystem); ok {
		mendHost(ctx, host, roots)
	}
	if vm, ok := target.Addr().Interface().(*mo.VirtualMachine); ok && roots["summary"] != nil {
		vm.Summary.Vm = &vm.Self
	}
}

// mendHost restores what govmomi ties together: summary.runtime is the host's runtime itself, and two of the host's managers show
// parts of its configuration.
func mendHost(ctx *simulator.Context, host *mo.HostSystem, roots map[string]*patchedRoot) {
	host.Summary.Runtime = &host.Runtime
	host.Summary.Host = &host.Self
	if roots["config"] == nil || host.Config == nil {
		return
	}
	if ref := host.ConfigManager.AdvancedOption; ref != nil {
		ctx.Map.Put(simulator.NewOptionManager(ref, nil, &host.Config.Option))
	}
	if ref := host.ConfigManager.VirtualNicManager; ref != nil && host.Config.VirtualNicManagerInfo != nil {
		if manager, ok := ctx.Map.Get(*ref).(*simulator.HostVirtualNicManager); ok {
			manager.Info.NetConfig = deepCopy(host.Config.VirtualNicManagerInfo.NetConfig)
		}
	}
}

// notify tells every property collector. A path with brackets is reported as its list, and as its element where the API knows a key.
func notify(ctx *simulator.Context, object mo.Reference, target reflect.Value, paths []string) {
	var changes []types.PropertyChange
	for _, at := range paths {
		steps, _ := parsePath(at)
		for _, reported := range reportedPaths(steps) {
			changes = append(changes, types.PropertyChange{Name: pathOf(reported), Val: valueAt(target, reported)})
		}
	}
	for _, change := range changes {
		update(ctx, object, target, change)
	}
}

// reportedPaths are the prefixes to report for a path: the path itself, or for one with brackets its list and the element.
func reportedPaths(steps []step) [][]step {
	for i, s := range steps {
		if s.bracket {
			element := append(append([]step{}, steps[:i]...), s)
			return [][]step{steps[:i], element}
		}
	}
	return [][]step{steps}
}

// valueAt is the present value at a path, nil where it is unset.
func valueAt(target reflect.Value, steps []step) any {
	at, err := walk(target, steps)
	if err != nil {
		return nil
	}
	for at.value.Kind() == reflect.Pointer || at.value.Kind() == reflect.Interface {
		if at.value.IsNil() {
			return nil
		}
		if at.value.Kind() == reflect.Pointer && at.value.Elem().Kind() == reflect.Struct {
			return copyValue(at.value.Elem()).Interface()
		}
		at.value = at.value.Elem()
	}
	return copyValue(at.value).Interface()
}

// update reports a change through the registry. The registry assigns the value once more on its way and panics at a path that leads
// through a base type; the next shorter path is reported then.
func update(ctx *simulator.Context, object mo.Reference, target reflect.Value, change types.PropertyChange) {
	for name := change.Name; name != ""; name = parentPath(name) {
		if name != change.Name {
			steps, _ := parsePath(name)
			change.Val = valueAt(target, steps)
		}
		if tryUpdate(ctx, object, types.PropertyChange{Name: quoteKeys(name), Val: change.Val}) {
			return
		}
	}
}

func tryUpdate(ctx *simulator.Context, object mo.Reference, change types.PropertyChange) (done bool) {
	defer func() {
		if recover() != nil {
			done = false
		}
	}()
	ctx.Update(object, []types.PropertyChange{change})
	return true
}

// parentPath cuts the last step off.
func parentPath(name string) string {
	steps, err := parsePath(name)
	if err != nil || len(steps) == 0 {
		return ""
	}
	return pathOf(steps[:len(steps)-1])
}

// quoteKeys puts quotes around a key that is no number, as property paths of the API have them.
func quoteKeys(name string) string {
	before, rest, found := strings.Cut(name, "[")
	key, after, closed := strings.Cut(rest, "]")
	if !found || !closed || strings.Trim(key, "0123456789") == "" {
		return name
	}
	return before + `["` + key + `"]` + after
}
