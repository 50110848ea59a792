"""The table of commands, and the group that imports a command's module only when that command is called.

Rule of this file: it is imported for `--help` and `--version`, so it imports click and nothing else of weight.
"""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "check": ("check", "Say what would stop or hurt a migration; change nothing."),
    "estimate": ("estimate", "Say how long a migration is expected to take."),
    "migrate": ("migrate", "Check, move and verify virtual machines."),
    "evacuate": ("evacuate", "Empty hosts, and enter maintenance mode if wanted."),
    "restore": ("restore", "Bring back what a run has moved, as far as it fits."),
    "rolling": ("rolling", "Empty, patch and fill the hosts of a cluster, one by one."),
    "rebalance": ("rebalance", "Even out the hosts of a cluster with few moves."),
    "spread": ("spread", "Move VMs so that the rules of a cluster hold again."),
    "plan": ("plan", "Make, show and compare plans as files; change nothing."),
    "apply": ("apply", "Run a plan from a file, if what it relies on is still so."),
    "snapshot": ("snapshot", "Save the inventory, to plan without a vCenter."),
    "status": ("status", "Show a run and what vCenter says of its tasks now."),
    "watch": ("watch", "Show every migration a vCenter runs, as it goes on."),
    "resume": ("resume", "Go on with a run that was left before its end."),
    "cancel": ("cancel", "Cancel what is left of a run."),
    "history": ("history", "Show the runs of the journal."),
    "unlock": ("unlock", "Show who watches runs, or take away the lock of one."),
    "logs": ("logs", "Show what both hosts' vmkernel logs say of a migration."),
    "diagnose": ("diagnose", "Say what a failed migration may come from, and what to do."),
    "report": ("report", "Show or write the report of a run."),
    "login": ("login", "Check a password and keep it in the keyring."),
    "logout": ("logout", "Remove a password from the keyring."),
    "doctor": ("doctor", "Look at this installation, its settings and the vCenter."),
    "sim": ("sim", "Start, stop or find a simulator."),
    "demo": ("demo", "Show all of it on a simulator, in less than a minute."),
}


class LazyGroup(click.Group):
    """A group whose commands come from the table; `--help` imports none of their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, from its module's `command`; None if the table has no such name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"vsphere_motion.cli.{COMMANDS[cmd_name][0]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; a misspelt one names the one that may be meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the table's one-line descriptions."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
