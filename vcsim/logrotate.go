package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"time"
)

// Rotation as the hosts do it: a file that has grown to its limit becomes the newest of the old ones, which are compressed, and a new
// one begins with line 1. Source: Syslog.global.defaultSize 1024 KiB and defaultRotate 8 of ESXi 7.0u3 to 9.0.1; that older releases do
// the same is UNVERIFIED.
const (
	logLimitBytes = 1024 << 10
	logArchives   = 8
)

// logLine is one line with the simulated time it was written at, by vCenter's clock, and the number of the move it is about.
type logLine struct {
	at    time.Time
	text  string
	order int
}

// before is the order of lines: by time, and at one time by move.
func (l logLine) before(other logLine) bool {
	return l.at.Before(other.at) || l.at.Equal(other.at) && l.order < other.order
}

// logFile is one log of one host: the current file and the old ones. Lines are in the order of their times.
type logFile struct {
	limit    int
	lines    []logLine
	size     int
	archives [][]byte // compressed, the newest first
}

func newLogFile(limit int) *logFile {
	if limit <= 0 {
		limit = logLimitBytes
	}
	return &logFile{limit: limit}
}

// add inserts a line, after a rotation where the file is full; a line that is a little late goes where it belongs.
func (f *logFile) add(line logLine) {
	if f.size+len(line.text)+1 > f.limit && len(f.lines) > 0 {
		f.rotate()
	}
	i := len(f.lines)
	for i > 0 && line.before(f.lines[i-1]) {
		i--
	}
	f.lines = append(f.lines, logLine{})
	copy(f.lines[i+1:], f.lines[i:])
	f.lines[i] = line
	f.size += len(line.text) + 1
}

// rotate makes the current file an old one.
func (f *logFile) rotate() {
	f.archives = append([][]byte{compress(f.text())}, f.archives...)
	if len(f.archives) > logArchives {
		f.archives = f.archives[:logArchives]
	}
	f.lines, f.size = nil, 0
}

// text is the whole current file.
func (f *logFile) text() string {
	var text strings.Builder
	for _, line := range f.lines {
		text.WriteString(line.text)
		text.WriteByte('\n')
	}
	return text.String()
}

func compress(text string) []byte {
	var packed bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	_, _ = writer.Write([]byte(text))
	_ = writer.Close()
	return packed.Bytes()
}

func expand(packed []byte) string {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return ""
	}
	text, _ := io.ReadAll(reader)
	return string(text)
}

func splitLines(text string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// latest is the time of the last line.
func (f *logFile) latest() (time.Time, bool) {
	if len(f.lines) == 0 {
		return time.Time{}, false
	}
	return f.lines[len(f.lines)-1].at, true
}
