package main

import "fmt"

// generateScenario is the site of -hosts, -vms and -clusters: hosts dealt evenly over the clusters, VMs round robin by index over
// the hosts, everything reachable from everywhere, so that every VM can move to every other host of its cluster.
func generateScenario(o *options) *scenario {
	plan := &scenario{Version: scenarioVersion, Clusters: generateClusters(o)}
	all := hostList{All: true}
	plan.Datastores = []datastoreSpec{{Name: "datastore1", Hosts: all}, {Name: "datastore2", Hosts: all}}
	plan.Networks = []networkSpec{{Name: "VM Network", Kind: "standard", Hosts: all}, {Name: "dvpg-prod", Kind: "distributed", Hosts: all}}
	hosts := plan.hostNames()
	plan.VMs = make([]vmSpec, o.vms)
	for i := range plan.VMs {
		plan.VMs[i] = generateVM(plan, i, hosts[i%len(hosts)], o.vms)
	}
	return plan
}

func generateVM(plan *scenario, i int, host string, total int) vmSpec {
	return vmSpec{
		Name:      fmt.Sprintf("vm-%0*d", digits(total), i+1),
		Host:      host,
		Datastore: plan.Datastores[i%len(plan.Datastores)].Name,
		Networks:  []string{plan.Networks[i%len(plan.Networks)].Name},
	}
}

// generateClusters deals the hosts evenly: the first clusters get one more where the number does not divide.
func generateClusters(o *options) []clusterSpec {
	clusters := make([]clusterSpec, o.clusterCount())
	number := 0
	for c := range clusters {
		clusters[c].Name = fmt.Sprintf("cluster-%0*d", digits(len(clusters))-1, c+1)
		share := o.hosts / len(clusters)
		if c < o.hosts%len(clusters) {
			share++
		}
		for range share {
			number++
			clusters[c].Hosts = append(clusters[c].Hosts, hostSpec{Name: fmt.Sprintf("esx-%0*d", digits(o.hosts), number)})
		}
	}
	return clusters
}

// digits is the width of numbers in generated names: three, or as many as the total has.
func digits(total int) int {
	return max(3, len(fmt.Sprint(total)))
}
