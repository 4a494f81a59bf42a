import { randomUUID } from "node:crypto";
import { XMLBuilder } from "fast-xml-parser";
import { authorize, decide } from "../enforcement";
import type { AccessKeys, Grants, Principal, RoleSession } from "../principals";
import type { AwsError, HttpResponse } from "../protocol";
import { Refusal } from "../protocol";
import { Accounts, type Call, type Operation, parsePolicy, type Result } from "./operation";
import { policyOperations } from "./policies";
import { roleOperations, rolePolicyOperations } from "./roles";
import { simulationOperations } from "./simulation";
import { sessionOf, stsOperations } from "./sts";
import { Parameters } from "./validation";

export interface IdentityCall {
  service: "iam" | "sts";
  principal: Principal;
  region: string;
  now: Date;
  body: Buffer;
}

interface ServiceSession {
  region: string;
  now: Date;
  sessionName: string;
  context: Record<string, string>;
}

const VERSIONS = { iam: "2010-05-08", sts: "2011-06-15" };

const OPERATIONS = {
  iam: new Map<string, Operation>(
    Object.entries({
      ...roleOperations,
      ...rolePolicyOperations,
      ...policyOperations,
      ...simulationOperations,
    }),
  ),
  sts: new Map(Object.entries(stsOperations)),
};

/** IAM and STS over the state of all accounts, which lives in memory. */
export class IdentityServer {
  readonly #accounts = new Accounts();

  constructor(private readonly keys: AccessKeys) {}

  /** Returns a principal's current permissions: none for a session whose role is gone or was created again. */
  grantsOf(principal: Principal): Grants {
    if (principal.kind === "User") return principal.grants;
    const role = this.#accounts.roleByArn(principal.roleArn);
    if (role?.id !== principal.roleId) return { identityPolicies: [] };
    return this.#accounts.get(principal.accountId).grantsOf(role);
  }

  /**
   * Returns the session of a service of AWS that acts for one of its resources.
   *
   * @param context Condition keys of the resource.
   * @throws Refusal unless the role's trust policy allows it.
   */
  async assumeAsService(
    service: string,
    roleArn: string,
    { region, now, sessionName, context }: ServiceSession,
  ): Promise<RoleSession> {
    const role = this.#accounts.roleByArn(roleArn);
    const accountId = roleArn.split(":")[4] ?? "";
    const decision =
      role &&
      (await decide({
        principalArn: service,
        grants: { identityPolicies: [] },
        action: "sts:AssumeRole",
        resource: roleArn,
        resourceAccountId: accountId,
        context: { ...context, "aws:RequestedRegion": region, "aws:CurrentTime": now.toISOString() },
        resourcePolicy: parsePolicy(role.trustPolicy),
      }));
    if (role === undefined || decision?.outcome !== "Allowed")
      throw new Refusal(
        "AccessDenied",
        `${service} is not authorized to perform: sts:AssumeRole on ${roleArn}`,
      );
    return sessionOf(role, sessionName);
  }

  async handle({ service, principal, region, now, body }: IdentityCall): Promise<HttpResponse> {
    const parameters = new Parameters(body.toString("utf8"));
    const action = parameters.required("Action");
    const version = parameters.required("Version");
    const operation = version === VERSIONS[service] ? OPERATIONS[service].get(action) : undefined;
    if (operation === undefined)
      throw new Refusal(
        "UnknownOperation",
        `Could not find operation ${action} for ${service} version ${version}`,
      );
    const call: Call = {
      principal,
      grants: this.grantsOf(principal),
      account: this.#accounts.get(principal.accountId),
      accounts: this.#accounts,
      keys: this.keys,
      parameters,
      region,
      now,
    };
    if (operation.resource !== undefined) {
      const [context, resource] = [operation.context?.(call) ?? {}, operation.resource(call)];
      await authorize({ ...call, action: `${service}:${action}`, resource, context });
    }
    const result = await operation.run(call);
    return resultXml(action, `https://${service}.amazonaws.com/doc/${version}/`, result);
  }
}

const builder = new XMLBuilder({ format: false, ignoreAttributes: false, suppressBooleanAttributes: false });

/** Builds a success response. Operations without a result have no result element. */
function resultXml(action: string, namespace: string, result: Result | undefined): HttpResponse {
  const requestId = randomUUID();
  return xml(200, requestId, {
    [`${action}Response`]: {
      "@_xmlns": namespace,
      ...(result && { [`${action}Result`]: toElements(result) }),
      ResponseMetadata: { RequestId: requestId },
    },
  });
}

export function errorXml({ code, message, status }: AwsError): HttpResponse {
  const requestId = randomUUID();
  const fault = status >= 500 ? "Receiver" : "Sender";
  return xml(status, requestId, {
    ErrorResponse: { Error: { Type: fault, Code: code, Message: message }, RequestId: requestId },
  });
}

function xml(status: number, requestId: string, document: object): HttpResponse {
  const headers = { "content-type": "text/xml", "x-amzn-requestid": requestId };
  return { status, headers, body: `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}` };
}

/** Converts lists to `<member>` elements and times to ISO 8601, and omits undefined values. */
function toElements(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return { member: value.map(toElements) };
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, toElements(field)]));
}
