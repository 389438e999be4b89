#!/usr/bin/env node
/** Starts the command line, which is TypeScript, with the loader that it needs. */
import { register } from "tsx/esm/api";

register();
await import("./main.ts");
