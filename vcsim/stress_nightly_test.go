//go:build nightly

package main

import "testing"

// TestAThousandRelocations is meant for the race detector: go test -race -tags nightly -run ThousandRelocations.
func TestAThousandRelocations(t *testing.T) {
	runStress(t, 1000, 8, 4)
}

// TestFiveHundredMovesAreSeenDoneThroughOneFilter has 512 moves, long enough for all to be in flight at once.
func TestFiveHundredMovesAreSeenDoneThroughOneFilter(t *testing.T) {
	moves := moveMany(t, 64, 300)
	if moves.most < 500 {
		t.Errorf("%d were in flight at once", moves.most)
	}
	if moves.late > moves.length/5 {
		t.Errorf("moves of %s are seen done %s after their end", moves.length, moves.late)
	}
}
