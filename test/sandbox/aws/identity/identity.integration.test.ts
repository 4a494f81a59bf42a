import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListInstanceProfilesForRoleCommand,
  ListPolicyTagsCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  SetDefaultPolicyVersionCommand,
  TagPolicyCommand,
  TagRoleCommand,
  UntagPolicyCommand,
  UntagRoleCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { expect } from "chai";
import { allow, clientsOf, type Fixture, failureOf, startInFolder, trustOf } from "../localAws";

const TRUST = trustOf("arn:aws:iam::358203115967:root");
const WRITE = allow(["kinesis:PutRecord"], ["arn:aws:kinesis:us-east-1:111122223333:stream/events"]);

describe("the sandbox's IAM", () => {
  let aws: Fixture;
  let iam: ReturnType<typeof clientsOf>["iam"];
  let created = 0;

  before(async () => {
    aws = await startInFolder();
    iam = clientsOf(aws, aws.principals.operator).iam;
  });

  after(() => aws.remove());

  async function createRole(overrides: object = {}): Promise<string> {
    const RoleName = `role-${++created}`;
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST, ...overrides }));
    return RoleName;
  }

  async function createPolicy(overrides: object = {}): Promise<string> {
    const PolicyName = `policy-${++created}`;
    const command = new CreatePolicyCommand({ PolicyName, PolicyDocument: WRITE, ...overrides });
    return (await iam.send(command)).Policy?.Arn ?? "";
  }

  describe("roles", () => {
    it("come back as they were created", async () => {
      const name = await createRole({
        Path: "/vendors/",
        Description: "for <Amplitude> & co",
        MaxSessionDuration: 7200,
        Tags: [{ Key: "team", Value: "data" }],
      });
      const { Role: role } = await iam.send(new GetRoleCommand({ RoleName: name }));
      expect(role).to.deep.include({
        Arn: `arn:aws:iam::111122223333:role/vendors/${name}`,
        Path: "/vendors/",
        Description: "for <Amplitude> & co",
        MaxSessionDuration: 7200,
        Tags: [{ Key: "team", Value: "data" }],
        AssumeRolePolicyDocument: encodeURIComponent(TRUST),
      });
      expect(role?.RoleId).to.match(/^AROA[A-Z2-7]{17}$/);
      expect(role?.CreateDate?.getTime()).to.be.closeTo(Date.now(), 60_000);
    });

    it("have names that differ in more than case", async () => {
      const name = await createRole();
      const again = new CreateRoleCommand({ RoleName: name.toUpperCase(), AssumeRolePolicyDocument: TRUST });
      expect(await failureOf(iam.send(again))).to.include({
        name: "EntityAlreadyExistsException",
        status: 409,
      });
    });

    it("change and lose description, duration and tags", async () => {
      const RoleName = await createRole();
      await iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 3600, Description: "new" }));
      await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "a", Value: "" }] }));
      await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "b", Value: "2" }] }));
      await iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["a"] }));
      expect((await iam.send(new ListRoleTagsCommand({ RoleName }))).Tags).to.deep.equal([
        { Key: "b", Value: "2" },
      ]);
      expect((await iam.send(new GetRoleCommand({ RoleName }))).Role?.Description).to.equal("new");
    });

    it("cannot be deleted before their policies are gone", async () => {
      const RoleName = await createRole();
      const PolicyArn = await createPolicy();
      await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "in", PolicyDocument: WRITE }));
      const remove = () => iam.send(new DeleteRoleCommand({ RoleName }));
      expect(await failureOf(remove())).to.include({ name: "DeleteConflictException", status: 409 });
      await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
      expect(await failureOf(remove())).to.include({ name: "DeleteConflictException" });
      await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "in" }));
      await remove();
      expect(await failureOf(iam.send(new GetRoleCommand({ RoleName })))).to.include({
        name: "NoSuchEntityException",
        status: 404,
        message: `The role with name ${RoleName} cannot be found.`,
      });
    });

    it("list what is attached to them and written into them", async () => {
      const RoleName = await createRole();
      const PolicyArn = await createPolicy({ Path: "/p/" });
      await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "in", PolicyDocument: WRITE }));
      const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      expect(AttachedPolicies).to.deep.equal([{ PolicyName: PolicyArn.split("/").at(-1), PolicyArn }]);
      expect((await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).to.deep.equal(["in"]);
      const inline = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "in" }));
      expect(decodeURIComponent(inline.PolicyDocument ?? "")).to.equal(WRITE);
      const { InstanceProfiles } = await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
      expect(InstanceProfiles).to.deep.equal([]);
      const { PolicyRoles } = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
      expect(PolicyRoles?.map((role) => role.RoleName)).to.deep.equal([RoleName]);
    });

    it("accept only a boundary that exists", async () => {
      const RoleName = await createRole();
      const PermissionsBoundary = await createPolicy();
      await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
      const { Role: role } = await iam.send(new GetRoleCommand({ RoleName }));
      expect(role?.PermissionsBoundary?.PermissionsBoundaryArn).to.equal(PermissionsBoundary);
      const deletion = new DeletePolicyCommand({ PolicyArn: PermissionsBoundary });
      expect(await failureOf(iam.send(deletion))).to.include({ name: "DeleteConflictException" });
      const unknown = new PutRolePermissionsBoundaryCommand({
        RoleName,
        PermissionsBoundary: "arn:aws:iam::111122223333:policy/none",
      });
      expect(await failureOf(iam.send(unknown))).to.include({ name: "NoSuchEntityException" });
    });

    for (const [what, input, error, message] of [
      ["a name with a space", { RoleName: "a b" }, "ValidationError", /roleName is invalid/],
      [
        "a name of 65 characters",
        { RoleName: "a".repeat(65) },
        "ValidationError",
        /less than or equal to 64/,
      ],
      ["a path that does not end with /", { Path: "/vendors" }, "ValidationError", /'path'/],
      ["a session below one hour", { MaxSessionDuration: 3599 }, "ValidationError", /3600 and 43200/],
      ["a session above twelve hours", { MaxSessionDuration: 43201 }, "ValidationError", /3600 and 43200/],
      [
        "a trust policy that is no JSON",
        { AssumeRolePolicyDocument: "{" },
        "MalformedPolicyDocumentException",
        /Json/,
      ],
      [
        "a trust policy with a resource",
        { AssumeRolePolicyDocument: allow(["sts:AssumeRole"], ["*"]) },
        "MalformedPolicyDocumentException",
        /Syntax errors in policy/,
      ],
      [
        "a trust policy that is too long",
        { AssumeRolePolicyDocument: TRUST + " ".repeat(2048) },
        "LimitExceededException",
        /2048/,
      ],
      [
        "more than 50 tags",
        { Tags: Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: "v" })) },
        "LimitExceededException",
        /50/,
      ],
    ] as const) {
      it(`reject ${what}`, async () => {
        const failure = await failureOf(createRole(input));
        expect(failure.name).to.equal(error);
        expect(failure.message).to.match(message);
      });
    }
  });

  describe("policies", () => {
    it("come back as they were created", async () => {
      const PolicyArn = await createPolicy({
        Path: "/p/",
        Tags: [{ Key: "a", Value: "1" }],
        Description: "d",
      });
      const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
      expect(Policy).to.deep.include({
        Arn: PolicyArn,
        Path: "/p/",
        Description: "d",
        DefaultVersionId: "v1",
        AttachmentCount: 0,
        IsAttachable: true,
        Tags: [{ Key: "a", Value: "1" }],
      });
      expect(Policy?.PolicyId).to.match(/^ANPA[A-Z2-7]{17}$/);
      const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
      expect(decodeURIComponent(PolicyVersion?.Document ?? "")).to.equal(WRITE);
    });

    it("keep five versions and never reuse a number", async () => {
      const PolicyArn = await createPolicy();
      const add = () =>
        iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: WRITE, SetAsDefault: true }));
      for (let version = 2; version <= 5; version++) await add();
      expect(await failureOf(add())).to.include({ name: "LimitExceededException", status: 409 });
      await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v4" }));
      expect((await add()).PolicyVersion?.VersionId).to.equal("v6");
      const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
      expect(Versions?.map(({ VersionId }) => VersionId)).to.deep.equal(["v6", "v5", "v3", "v2", "v1"]);
      expect(Versions?.find(({ IsDefaultVersion }) => IsDefaultVersion)?.VersionId).to.equal("v6");
      const deletion = new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v6" });
      expect(await failureOf(iam.send(deletion))).to.include({ name: "DeleteConflictException" });
    });

    it("can return to an earlier version", async () => {
      const PolicyArn = await createPolicy();
      await iam.send(
        new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: WRITE, SetAsDefault: true }),
      );
      await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
      const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
      expect(Policy?.DefaultVersionId).to.equal("v1");
      const missing = new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v9" });
      expect(await failureOf(iam.send(missing))).to.include({ name: "NoSuchEntityException" });
    });

    it("change their tags", async () => {
      const PolicyArn = await createPolicy({ Tags: [{ Key: "a", Value: "1" }] });
      await iam.send(new TagPolicyCommand({ PolicyArn, Tags: [{ Key: "b", Value: "2" }] }));
      await iam.send(new UntagPolicyCommand({ PolicyArn, TagKeys: ["a"] }));
      const { Tags } = await iam.send(new ListPolicyTagsCommand({ PolicyArn }));
      expect(Tags).to.deep.equal([{ Key: "b", Value: "2" }]);
    });

    it("cannot be deleted while attached or with more than one version", async () => {
      const PolicyArn = await createPolicy();
      const RoleName = await createRole();
      const remove = () => iam.send(new DeletePolicyCommand({ PolicyArn }));
      await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      expect(await failureOf(remove())).to.include({ name: "DeleteConflictException" });
      await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
      await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: WRITE }));
      expect(await failureOf(remove())).to.include({ name: "DeleteConflictException" });
      await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
      await remove();
      const get = new GetPolicyCommand({ PolicyArn });
      expect(await failureOf(iam.send(get))).to.include({ name: "NoSuchEntityException", status: 404 });
    });

    it("are rejected with a principal, because identity policies have none", async () => {
      const failure = await failureOf(createPolicy({ PolicyDocument: TRUST }));
      expect(failure).to.include({ name: "MalformedPolicyDocumentException", status: 400 });
    });

    it("have unique names in an account, regardless of their paths", async () => {
      const PolicyName = (await createPolicy()).split("/").at(-1);
      const again = createPolicy({ PolicyName, Path: "/elsewhere/" });
      expect(await failureOf(again)).to.include({ name: "EntityAlreadyExistsException" });
    });
  });

  describe("attachments", () => {
    it("need a policy that exists", async () => {
      const RoleName = await createRole();
      const PolicyArn = "arn:aws:iam::111122223333:policy/none";
      const attach = new AttachRolePolicyCommand({ RoleName, PolicyArn });
      expect(await failureOf(iam.send(attach))).to.include({
        name: "NoSuchEntityException",
        message: `Policy ${PolicyArn} does not exist or is not attachable.`,
      });
      const detach = new DetachRolePolicyCommand({ RoleName, PolicyArn });
      expect(await failureOf(iam.send(detach))).to.include({ name: "NoSuchEntityException" });
    });

    it("are limited to ten per role", async () => {
      const RoleName = await createRole();
      const attach = async () =>
        iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: await createPolicy() }));
      for (let count = 0; count < 10; count++) await attach();
      expect(await failureOf(attach())).to.include({ name: "LimitExceededException" });
    });
  });

  it("separates the roles of accounts", async () => {
    const RoleName = await createRole();
    const stranger = clientsOf(aws, aws.principals.stranger);
    expect(await failureOf(stranger.iam.send(new GetRoleCommand({ RoleName })))).to.include({
      name: "NoSuchEntityException",
    });
    const PolicyArn = await createPolicy();
    expect(await failureOf(stranger.iam.send(new GetPolicyCommand({ PolicyArn })))).to.include({
      name: "AccessDenied",
      status: 403,
    });
  });

  it("names an unsupported action", async () => {
    const failure = await failureOf(iam.send(new ListRolesCommand({})));
    expect(failure).to.include({ name: "InvalidAction", status: 400 });
    expect(failure.message).to.include("ListRoles");
  });
});
