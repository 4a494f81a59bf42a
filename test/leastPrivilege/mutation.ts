import type { VARIANTS } from "./contractTable";
import type { Documents, PolicyDocument, Statement } from "./documents";

/** A common mistake, as a change to a variant's correct documents. */
export interface Mutation {
  mistake: string;
  variant: keyof typeof VARIANTS;
  change: (documents: Documents) => void;
}

type Mistake = [mistake: string, change: (documents: Documents) => void];

export function mutationsOf(variant: Mutation["variant"], mistakes: Mistake[]): Mutation[] {
  return mistakes.map(([mistake, change]) => ({ mistake, variant, change }));
}

export function changed(documents: Documents, { change }: Pick<Mutation, "change">): Documents {
  const copy = structuredClone(documents);
  change(copy);
  return copy;
}

function documentIn(documents: Documents, which: keyof Documents): PolicyDocument {
  const document = documents[which];
  if (!document) throw new Error(`there is no ${which} document`);
  return document;
}

function statementAt({ Statement }: PolicyDocument, index: number): Statement {
  const statement = Statement[index];
  if (!statement) throw new Error(`the document has no statement ${index}`);
  return statement;
}

/** Sets elements of a statement. An undefined value removes the element. */
const setting =
  (which: keyof Documents, index: number) =>
  (elements: Statement) =>
  (documents: Documents): void => {
    const statement = statementAt(documentIn(documents, which), index);
    Object.assign(statement, elements);
    for (const [element, value] of Object.entries(elements)) {
      if (value === undefined) delete statement[element];
    }
  };

export const amplitudeTrust = setting("trust", 0);
export const testTrust = setting("trust", 1);
export const streamWrite = setting("write", 0);
export const simulation = setting("write", 1);
export const encryption = setting("write", 2);
export const tlsDenial = setting("streamPolicy", 0);

export const adding =
  (which: keyof Documents, statement: Statement) =>
  (documents: Documents): void => {
    documentIn(documents, which).Statement.push(statement);
  };

export const removing =
  (which: keyof Documents, index: number) =>
  (documents: Documents): void => {
    documentIn(documents, which).Statement.splice(index, 1);
  };
