#!/usr/bin/env node
// The `sluice` command.
import { runCli } from "./cli.ts";
import { commands } from "./commands.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = await runCli(process.argv.slice(2), commands, processTerminal());
