package main

import (
	"log"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Storing vmware.log in the virtual machine's folder, where /folder serves it. The destination's process makes the log anew at its
// start, as a machine that is switched on does: the source goes on in vmware-N.log, and after a failure in a new vmware.log.

// keptVMXLogs is how many old logs of a machine are kept: log.keepOld, 6 by default. UNVERIFIED.
const keptVMXLogs = 6

// vmxStore is where the logs of one move are, in directories of this machine. The move's worker alone uses it.
type vmxStore struct {
	source string // file the source's process writes to
	from   string // the machine's folder before
	to     string // and after
}

// storeVMXLog writes what both processes have written since the last time. The worker calls it.
func (m *move) storeVMXLog() {
	if !m.log.live || m.log.vmx == nil || m.trip != nil && m.trip.arrived != (moRef{}) {
		return
	}
	logs, pair := m.engine.logs, m.log.vmx
	logs.mu.Lock()
	source, destination, after := pair.source, pair.destination, pair.after
	if pair.source, pair.after = nil, nil; m.trip == nil {
		pair.destination = nil
	}
	logs.mu.Unlock()
	s := &m.vmxFiles
	if s.from == "" && !m.openVMXLog() {
		return
	}
	if s.source == "" {
		s.source = renameOld(s.from)
	}
	appendLines(s.source, source)
	if m.trip == nil {
		appendLines(filepath.Join(s.to, "vmware.log"), destination)
	}
	if len(after) > 0 {
		renameOld(s.to)
		appendLines(filepath.Join(s.from, "vmware.log"), after)
	}
}

// openVMXLog finds the machine's folders.
func (m *move) openVMXLog() bool {
	s, p := &m.vmxFiles, m.plan
	s.from, s.to = m.folderOn(p.vm.home), m.folderOn(p.home)
	if m.trip != nil {
		s.to = s.from // the other side keeps its own
	}
	return s.from != "" && s.to != ""
}

// folderOn is the directory behind the machine's folder on a datastore; empty where there is none.
func (m *move) folderOn(datastore moRef) string {
	var path object.DatastorePath
	ds, is := m.engine.registry.Get(datastore).(*simulator.Datastore)
	if !is || !path.FromString(m.plan.vm.homePath) {
		return ""
	}
	var root string
	m.ctx.WithLock(ds, func() { root = ds.Summary.Url })
	folder := filepath.Join(root, filepath.Dir(filepath.FromSlash(path.Path)))
	if root == "" || !strings.HasPrefix(folder, filepath.Clean(root)) || os.MkdirAll(folder, 0o700) != nil {
		return ""
	}
	return folder
}

// renameOld makes a folder's vmware.log the newest of the old ones and gives its new name, which need not exist yet.
func renameOld(folder string) string {
	numbers := oldLogs(folder)
	next := 1
	if len(numbers) > 0 {
		next = numbers[len(numbers)-1] + 1
	}
	for len(numbers) >= keptVMXLogs {
		_ = os.Remove(oldLog(folder, numbers[0]))
		numbers = numbers[1:]
	}
	name := oldLog(folder, next)
	if err := os.Rename(filepath.Join(folder, "vmware.log"), name); err != nil && !os.IsNotExist(err) {
		log.Printf("vmware.log: %v", err)
	}
	return name
}

func oldLog(folder string, number int) string {
	return filepath.Join(folder, "vmware-"+strconv.Itoa(number)+".log")
}

// oldLogs are the numbers of the old logs, the oldest first.
func oldLogs(folder string) []int {
	var numbers []int
	names, _ := filepath.Glob(filepath.Join(folder, "vmware-*.log"))
	for _, name := range names {
		digits := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "vmware-"), ".log")
		if number, err := strconv.Atoi(digits); err == nil {
			numbers = append(numbers, number)
		}
	}
	sort.Ints(numbers)
	return numbers
}

func appendLines(name string, lines []string) {
	if len(lines) == 0 {
		return
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		log.Printf("vmware.log: %v", err)
		return
	}
	defer file.Close()
	if _, err := file.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		log.Printf("vmware.log: %v", err)
	}
}

// bringVMXLogs moves the old logs along when the machine's folder has changed datastore.
func (m *move) bringVMXLogs() {
	s := &m.vmxFiles
	if s.from == "" || s.from == s.to {
		return
	}
	for _, number := range oldLogs(s.from) {
		_ = os.Rename(oldLog(s.from, number), oldLog(s.to, number))
	}
}

// showVMXLogs names the logs in the machine's layoutEx, as vCenter does, so that clients find them.
func (m *move) showVMXLogs(failed bool) {
	s := &m.vmxFiles
	if m.trip != nil && m.trip.arrived != (moRef{}) {
		return // it is not here any more
	}
	folder := s.to
	if failed {
		folder = s.from
	}
	if folder == "" {
		return
	}
	names := []string{"vmware.log"}
	for _, number := range oldLogs(folder) {
		names = append(names, filepath.Base(oldLog(folder, number)))
	}
	m.ctx.WithLock(m.vm, func() {
		if m.vm.LayoutEx == nil || m.vm.Config == nil {
			return
		}
		layout := *m.vm.LayoutEx
		layout.File = withLogs(layout.File, m.vm.Config.Files.VmPathName, names)
		m.ctx.Update(m.vm, []types.PropertyChange{{Name: "layoutEx", Val: &layout}})
	})
}

// withLogs is a layout's files with these logs beside the machine's own file instead of the logs it had.
func withLogs(files []types.VirtualMachineFileLayoutExFileInfo, vmx string, names []string) []types.VirtualMachineFileLayoutExFileInfo {
	var kept []types.VirtualMachineFileLayoutExFileInfo
	key := int32(0)
	for _, file := range files {
		key = max(key, file.Key+1)
		if file.Type != string(types.VirtualMachineFileLayoutExFileTypeLog) {
			kept = append(kept, file)
		}
	}
	for i, name := range names {
		kept = append(kept, types.VirtualMachineFileLayoutExFileInfo{
			Key: key + int32(i), Name: vmx[:strings.LastIndexAny(vmx, "/] ")+1] + name,
			Type: string(types.VirtualMachineFileLayoutExFileTypeLog),
		})
	}
	return kept
}
