package main

import (
	"os"
	"runtime/debug"
)

// frugalAbove is from how many bytes on the garbage collector works harder rather than take more memory: 40,000 virtual machines
// are about 600 MiB, and a client that reads them all at once makes half as much garbage again.
const frugalAbove = 800 << 20

// boundMemory keeps the biggest sites below 1 GiB. GOMEMLIMIT counts where it is set.
func boundMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(frugalAbove)
	}
}
