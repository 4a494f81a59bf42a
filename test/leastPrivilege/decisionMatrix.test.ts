import { expect } from "chai";
import { readDocument } from "../docs/documents";
import { allowedLabels, VARIANTS, type Variant } from "./contractTable";
import { decisionOf, labelOf, questionsOf } from "./decisions";
import { documentsOf, vendorDocuments } from "./documents";
import { evaluated } from "./evaluator";
import { knownActions } from "./iamData";
import { problemsOf } from "./problems";

const variants: Variant[] = Object.values(VARIANTS);

describe("the decisions of the rendered documents", () => {
  let compared = 0;

  for (const variant of variants) {
    it(`match the contract, with ${variant.title}`, async () => {
      const questions = await questionsOf(variant);
      compared += questions.length;
      expect(await problemsOf(await documentsOf(variant), variant)).to.deep.equal([]);
    });

    it(`equal those of the vendor's policy for every question of the role's session about Kinesis, IAM and STS, with ${variant.title}`, async () => {
      const documents = await documentsOf(variant);
      const vendors = { ...documents, write: vendorDocuments(variant).write };
      for (const question of await questionsOf(variant)) {
        if (question.outsider || question.action.startsWith("kms:")) continue;
        const decision = await decisionOf(question, documents, variant);
        expect(decision, labelOf(question)).to.equal(await decisionOf(question, vendors, variant));
      }
    });

    it(`cover everything that the contract allows, with ${variant.title}`, async () => {
      const labels = new Set((await questionsOf(variant)).map(labelOf));
      expect([...allowedLabels(variant)].filter((label) => !labels.has(label))).to.deep.equal([]);
    });
  }

  it("all equal those of the vendor's documents, without inputs", async () => {
    expect(await problemsOf(vendorDocuments(VARIANTS.default), VARIANTS.default)).to.deep.equal([]);
  });

  it("cover every action of Kinesis, IAM, STS and KMS, and are as many as docs/proven.md says", async () => {
    const actions = (await knownActions()).map(({ service, name }) => `${service}:${name}`);
    let decisions = 0;
    for (const variant of variants) {
      const questions = await questionsOf(variant);
      const asked = new Set(questions.map(({ action }) => action));
      expect(actions.filter((action) => !asked.has(action))).to.deep.equal([]);
      decisions += questions.length;
    }
    const document = readDocument("docs/proven.md");
    expect(document).to.include(`${decisions.toLocaleString("en-US")} decisions`);
    expect(document).to.include(`(${actions.length})`);
  });

  after(() => {
    console.log(
      `      ${compared} decisions compared with the contract, in ${evaluated.decisions} evaluations so far`,
    );
  });
});
