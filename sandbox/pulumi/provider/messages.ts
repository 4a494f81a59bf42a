import * as proto from "@pulumi/pulumi/proto/provider_pb";
import type { Difference, PropertyDifference } from "./diff";
import type { Autonaming } from "./naming";
import type { CheckFailure } from "./properties";

export function failureList(failures: CheckFailure[]): proto.CheckFailure[] {
  return failures.map(({ property, reason }) => {
    return new proto.CheckFailure().setProperty(property).setReason(reason);
  });
}

const MODES: Record<proto.CheckRequest.AutonamingOptions.Mode, Autonaming["mode"]> = {
  [proto.CheckRequest.AutonamingOptions.Mode.PROPOSE]: "propose",
  [proto.CheckRequest.AutonamingOptions.Mode.ENFORCE]: "enforce",
  [proto.CheckRequest.AutonamingOptions.Mode.DISABLE]: "disable",
};

export function autonamingOf(request: proto.CheckRequest): Autonaming | undefined {
  const options = request.getAutonaming();
  if (options === undefined) return undefined;
  return { proposedName: options.getProposedName(), mode: MODES[options.getMode()] };
}

/** Whether a difference counts, beside those that the program wants ignored. */
export function keptInputs(ignored: string[]): (difference: PropertyDifference) => boolean {
  return ({ path, property }) => !ignored.includes(path) && !ignored.includes(property);
}

const { Kind } = proto.PropertyDiff;
const KINDS = {
  add: [Kind.ADD, Kind.ADD_REPLACE],
  delete: [Kind.DELETE, Kind.DELETE_REPLACE],
  update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
} as const;

export function differenceResponse({ properties, deleteBeforeReplace }: Difference): proto.DiffResponse {
  const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
  const replacing = properties.filter(({ replaces }) => replaces);
  const response = new proto.DiffResponse()
    .setChanges(properties.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(names(properties))
    .setReplacesList(names(replacing))
    .setDeletebeforereplace(deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const { path, kind, replaces } of properties) {
    const detail = new proto.PropertyDiff().setKind(KINDS[kind][replaces ? 1 : 0]);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

function names(differences: PropertyDifference[]): string[] {
  return [...new Set(differences.map(({ property }) => property))];
}
