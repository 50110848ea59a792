package main

// Version and build of the vCenter and ESXi releases the site says it runs. Source: VMware KB 2143838 (build numbers), from memory: UNVERIFIED.
const (
	vCenterVersion = "8.0.3"
	vCenterBuild   = "24022515"
)
