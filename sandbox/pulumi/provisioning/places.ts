import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** Where the Pulumi CLI and what it runs have their files. */
export interface Places {
  home: string;
  state: string;
  project: string;
  plugin: string;
  temporary: string;
}

export async function makePlaces(folder: string): Promise<Places> {
  const place = (name: string) => join(folder, "pulumi", name);
  const places = {
    home: place("home"),
    state: place("state"),
    project: place("project"),
    plugin: place("plugin"),
    temporary: place("tmp"),
  };
  for (const path of Object.values(places)) await mkdir(path, { recursive: true });
  return places;
}
