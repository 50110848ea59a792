"""The only room that talks to vCenter."""
