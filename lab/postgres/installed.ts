/** Which PostgreSQL can be had here: what the distribution's packages have put in place. */
import { existsSync, readdirSync } from "node:fs";

const HOME = "/usr/lib/postgresql";

/** The folder of one major version's programs. */
export const postgresPrograms = (version: string): string => `${HOME}/${version}/bin`;

/** Major versions, newest first. */
export function installedVersions(): string[] {
  try {
    return readdirSync(HOME)
      .filter((version) => existsSync(`${postgresPrograms(version)}/postgres`))
      .sort((one, other) => Number(other) - Number(one));
  } catch {
    return [];
  }
}
