/** The checkout itself: nothing of one machine in it, files of a size that is read, a lock file without addresses. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trackedFiles } from "../sources.ts";

const FILES = trackedFiles();
const textOf = (file: string) => readFileSync(file, "utf8");
/** Spelled in parts, so that this file does not find itself. */
const HOMES = ["work", "root", "farm", "home", "Users"].map((name) => `/${name}/`);

describe("tracked files", () => {
  // What a GitHub runner prints in an example is nobody's machine.
  it("name no folder of the machine that they were written on", () => {
    const found = FILES.filter((file) => file !== "test/unit/repository.test.ts").flatMap((file) => {
      const lines = textOf(file).split("\n");
      return lines.flatMap((line, index) => {
        const hit = HOMES.some((home) => new RegExp(`(^|[\\s"'\`=(:])${home}(?!runner/)[a-z.]`).test(line));
        return hit ? [`${file}:${index + 1}`] : [];
      });
    });
    expect(found).toEqual([]);
  });

  it("name no registry's host: which one is used is a matter of the machine", () => {
    const hosts =
      /registry\.npmjs\.org|registry\.yarnpkg|proxy\.golang\.org|pypi\.org|deb\.debian\.org|artifactory|nexus\./;
    const found = FILES.filter((file) => file !== "test/unit/repository.test.ts" && hosts.test(textOf(file)));
    expect(found).toEqual([]);
  });

  it("in TypeScript are at most 250 lines long, and begin by saying what they are", () => {
    const sources = FILES.filter((file) => file.endsWith(".ts"));
    const lines = (file: string) => textOf(file).trimEnd().split("\n").length;
    expect(sources.filter((file) => lines(file) > 250).map((file) => `${file}: ${lines(file)}`)).toEqual([]);
    expect(sources.filter((file) => !/^(#!.*\n)?\/\*\*|^\/\/\/? /.test(textOf(file)))).toEqual([]);
  });

  it("leave nothing half done", () => {
    const marks = new RegExp(`\\b(${["TO", "DO"].join("")}|${["FIX", "ME"].join("")}|${["X", "XX"].join("")})\\b`);
    const sources = FILES.filter((file) => /\.(ts|js|cjs|md|ya?ml|json)$/.test(file) && file !== "package-lock.json");
    expect(sources.filter((file) => marks.test(textOf(file)))).toEqual([]);
  });

  it("hold no private key and no password of a state backend", () => {
    const key = new RegExp(`-----BEGIN ([A-Z]+ )?${"PRIVATE"} KEY-----\\n[A-Za-z0-9+/=\\n]{200}`);
    expect(FILES.filter((file) => key.test(textOf(file)))).toEqual([]);
  });
});

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A binary that Linux with glibc on x64 never installs. */
function isForeign({ optional, os, cpu, libc }: LockedPackage): boolean {
  return optional === true && !(os?.includes("linux") && (cpu?.includes("x64") ?? true) && !libc?.includes("musl"));
}

describe("packages", () => {
  const lock = JSON.parse(textOf("package-lock.json")) as {
    packages: Record<string, LockedPackage>;
  };
  const manifest = JSON.parse(textOf("package.json")) as Record<string, Record<string, string>>;

  it("are locked without the address that they came from", () => {
    const addressed = Object.entries(lock.packages).filter(([, { resolved }]) => resolved?.startsWith("http"));
    expect(addressed.map(([name]) => name)).toEqual([]);
  });

  it("are locked with a checksum, but for binaries of other platforms that this registry does not have", () => {
    const unchecked = Object.entries(lock.packages).filter(
      ([name, { integrity, link }]) => name.startsWith("node_modules/") && link !== true && integrity === undefined,
    );
    expect(unchecked.filter(([, locked]) => !isForeign(locked)).map(([name]) => name)).toEqual([]);
  });

  it("name the binaries of every platform: npm ci refuses a lock that lacks one", () => {
    const named = Object.values(lock.packages).flatMap((locked) => Object.keys(locked.optionalDependencies ?? {}));
    expect(named.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
    expect(named.length).toBeGreaterThan(30);
  });

  it("are pinned to one version each", () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
