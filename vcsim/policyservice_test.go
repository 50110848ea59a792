package main

import (
	"testing"

	"github.com/vmware/govmomi/pbm"
	"github.com/vmware/govmomi/pbm/methods"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
)

func TestPoliciesAreForSessionsAlone(t *testing.T) {
	s := serveScenario(t, storageSite)
	client, err := pbm.NewClient(s.ctx, s.client.Client)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		_, err := methods.PbmQueryProfile(s.ctx, client, &pbmtypes.PbmQueryProfile{
			This: policyContent.ProfileManager, ResourceType: pbmtypes.PbmProfileResourceType{ResourceType: "STORAGE"},
		})
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Logout(s.ctx); err != nil {
		t.Fatal(err)
	}
	if fault := callFault(ask()); fault != "NotAuthenticated" {
		t.Errorf("after the logout: %s", fault)
	}
}
