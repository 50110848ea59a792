package main

import "github.com/vmware/govmomi/vim25/types"

// sessionMessages are the texts of session events that govmomi has none for.
var sessionMessages = []types.EventDescriptionEventDetail{
	{
		Key: "BadUsernameSessionEvent", Description: "Invalid user name", Category: "error",
		FullFormat: "Cannot login {{.UserName}}@{{.IpAddress}}",
	},
	{
		Key: "SessionTerminatedEvent", Description: "Session terminated", Category: "info",
		FullFormat: "Session for '{{.TerminatedUsername}}' terminated",
	},
}
