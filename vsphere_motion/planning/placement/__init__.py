"""Pure placement: where virtual machines go when a host is emptied, a cluster is evened out, or rules are repaired."""
