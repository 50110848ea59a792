package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/pbm"
	"github.com/vmware/govmomi/pbm/methods"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// The storage policy service (/pbm), as far as a move between datastores needs it: policies by name, the datastores that fit, and
// which machine and disk has which policy. Without a session nothing is answered.

var policyContent = pbmtypes.PbmServiceInstanceContent{
	AboutInfo:                 pbmtypes.PbmAboutInfo{Name: "PBM", Version: "2.0", InstanceUuid: "5f2c7fd8-20c1-4d0e-9d7b-0e3d4a4f4c11"},
	SessionManager:            moRef{Type: "PbmSessionManager", Value: "SessionManager"},
	CapabilityMetadataManager: moRef{Type: "PbmCapabilityMetadataManager", Value: "CapabilityMetadataManager"},
	ProfileManager:            moRef{Type: "PbmProfileProfileManager", Value: "ProfileManager"},
	ComplianceManager:         moRef{Type: "PbmComplianceManager", Value: "complianceManager"},
	PlacementSolver:           moRef{Type: "PbmPlacementSolver", Value: "placementSolver"},
}

// registerPolicies adds the service to the server.
func registerPolicies(service *simulator.Service, registry *simulator.Registry, book *policyBook) {
	r := simulator.NewRegistry()
	r.Namespace, r.Path, r.Cookie = pbm.Namespace, pbm.Path, simulator.SOAPCookie
	r.Handler = refuseStrangers
	r.Put(&policyInstance{moRef: pbm.ServiceInstance})
	r.Put(&policyManager{moRef: policyContent.ProfileManager, book: book})
	r.Put(&policySolver{moRef: policyContent.PlacementSolver, book: book, inventory: registry})
	service.RegisterSDK(r, pbm.Path+"/sdk")
}

// refuseStrangers lets nobody in without a session; what the service is it tells everybody.
func refuseStrangers(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if ctx.Session == nil && method.Name != "PbmRetrieveServiceContent" {
		return nil, &types.NotAuthenticated{}
	}
	return nil, nil
}

type policyInstance struct{ moRef }

func (s *policyInstance) PbmRetrieveServiceContent(*pbmtypes.PbmRetrieveServiceContent) soap.HasFault {
	return &methods.PbmRetrieveServiceContentBody{Res: &pbmtypes.PbmRetrieveServiceContentResponse{Returnval: policyContent}}
}

type policyManager struct {
	moRef

	book *policyBook
}

const policyCategory = "REQUIREMENT"

// PbmQueryProfile lists the policies for storage.
func (m *policyManager) PbmQueryProfile(req *pbmtypes.PbmQueryProfile) soap.HasFault {
	body := &methods.PbmQueryProfileBody{Res: &pbmtypes.PbmQueryProfileResponse{}}
	if req.ResourceType.ResourceType != "STORAGE" || req.ProfileCategory != "" && req.ProfileCategory != policyCategory {
		return body
	}
	for _, policy := range m.book.all {
		body.Res.Returnval = append(body.Res.Returnval, pbmtypes.PbmProfileId{UniqueId: policy.id})
	}
	return body
}

// PbmRetrieveContent tells of policies by their IDs.
func (m *policyManager) PbmRetrieveContent(req *pbmtypes.PbmRetrieveContent) soap.HasFault {
	body := &methods.PbmRetrieveContentBody{}
	res := &pbmtypes.PbmRetrieveContentResponse{}
	for _, id := range req.ProfileIds {
		policy, known := m.book.find(id.UniqueId)
		if !known {
			body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "profileIds"})
			return body
		}
		res.Returnval = append(res.Returnval, policy.content())
	}
	body.Res = res
	return body
}

func (p storagePolicy) content() *pbmtypes.PbmCapabilityProfile {
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &pbmtypes.PbmCapabilityProfile{
		PbmProfile: pbmtypes.PbmProfile{
			ProfileId: pbmtypes.PbmProfileId{UniqueId: p.id}, Name: p.name, CreationTime: made, CreatedBy: "administrator",
			LastUpdatedTime: made, LastUpdatedBy: "administrator",
		},
		ProfileCategory: policyCategory, ResourceType: pbmtypes.PbmProfileResourceType{ResourceType: "STORAGE"},
		Constraints: &pbmtypes.PbmCapabilitySubProfileConstraints{SubProfiles: []pbmtypes.PbmCapabilitySubProfile{{Name: "placement"}}},
	}
}

func (m *policyManager) PbmQueryAssociatedProfile(req *pbmtypes.PbmQueryAssociatedProfile) soap.HasFault {
	return &methods.PbmQueryAssociatedProfileBody{Res: &pbmtypes.PbmQueryAssociatedProfileResponse{Returnval: m.held(req.Entity)}}
}

func (m *policyManager) PbmQueryAssociatedProfiles(req *pbmtypes.PbmQueryAssociatedProfiles) soap.HasFault {
	res := &pbmtypes.PbmQueryAssociatedProfilesResponse{}
	for _, entity := range req.Entities {
		res.Returnval = append(res.Returnval, pbmtypes.PbmQueryProfileResult{Object: entity, ProfileId: m.held(entity)})
	}
	return &methods.PbmQueryAssociatedProfilesBody{Res: res}
}

// PbmQueryAssociatedEntity lists the machines and disks of a policy.
func (m *policyManager) PbmQueryAssociatedEntity(req *pbmtypes.PbmQueryAssociatedEntity) soap.HasFault {
	res := &pbmtypes.PbmQueryAssociatedEntityResponse{}
	for _, holder := range m.book.holders(req.Profile.UniqueId) {
		if object := holder.policyObject(); req.EntityType == "" || req.EntityType == object.ObjectType {
			res.Returnval = append(res.Returnval, object)
		}
	}
	return &methods.PbmQueryAssociatedEntityBody{Res: res}
}

// held is the policy of a machine's home, or of a disk named MACHINE:KEY.
func (m *policyManager) held(entity pbmtypes.PbmServerObjectRef) []pbmtypes.PbmProfileId {
	vm, disk, _ := strings.Cut(entity.Key, ":")
	key, _ := strconv.Atoi(disk)
	if id := m.book.of(policyHolder{moRef{Type: "VirtualMachine", Value: vm}, int32(key)}); id != "" {
		return []pbmtypes.PbmProfileId{{UniqueId: id}}
	}
	return nil
}

type policySolver struct {
	moRef

	book      *policyBook
	inventory *simulator.Registry
}

// PbmQueryMatchingHub lists the datastores that have what a policy asks for.
func (s *policySolver) PbmQueryMatchingHub(req *pbmtypes.PbmQueryMatchingHub) soap.HasFault {
	body := &methods.PbmQueryMatchingHubBody{}
	policy, known := s.book.find(req.Profile.UniqueId)
	if !known {
		body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "profile"})
		return body
	}
	body.Res = &pbmtypes.PbmQueryMatchingHubResponse{}
	for _, hub := range s.hubs(req.HubsToSearch) {
		if policy.fits(hub) {
			body.Res.Returnval = append(body.Res.Returnval, hub)
		}
	}
	return body
}

// PbmCheckRequirements says of each datastore what stands against it.
func (s *policySolver) PbmCheckRequirements(req *pbmtypes.PbmCheckRequirements) soap.HasFault {
	res := &pbmtypes.PbmCheckRequirementsResponse{}
	for _, hub := range s.hubs(req.HubsToSearch) {
		result := pbmtypes.PbmPlacementCompatibilityResult{Hub: hub}
		for _, requirement := range req.PlacementSubjectRequirement {
			wanted, is := requirement.(*pbmtypes.PbmPlacementCapabilityProfileRequirement)
			if policy, known := s.book.find(profileOf(wanted)); is && (!known || !policy.fits(hub)) {
				result.Error = append(result.Error, *localized(&pbmtypes.PbmDefaultProfileAppliesFault{PbmCompatibilityCheckFault: pbmtypes.PbmCompatibilityCheckFault{Hub: hub}}))
			}
		}
		res.Returnval = append(res.Returnval, result)
	}
	return &methods.PbmCheckRequirementsBody{Res: res}
}

func profileOf(wanted *pbmtypes.PbmPlacementCapabilityProfileRequirement) string {
	if wanted == nil {
		return ""
	}
	return wanted.ProfileId.UniqueId
}

func (p storagePolicy) fits(hub pbmtypes.PbmPlacementHub) bool {
	return slices.Contains(p.stores, moRef{Type: hub.HubType, Value: hub.HubId})
}

// hubs are those that are asked for, else every datastore.
func (s *policySolver) hubs(asked []pbmtypes.PbmPlacementHub) []pbmtypes.PbmPlacementHub {
	if len(asked) > 0 {
		return asked
	}
	var refs []moRef
	for _, store := range s.inventory.All("Datastore") {
		refs = append(refs, store.Reference())
	}
	sortRefs(refs)
	var all []pbmtypes.PbmPlacementHub
	for _, r := range refs {
		all = append(all, pbmtypes.PbmPlacementHub{HubType: r.Type, HubId: r.Value})
	}
	return all
}
