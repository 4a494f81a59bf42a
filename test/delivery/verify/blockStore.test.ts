import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { DeliveryError } from "../../../delivery";
import { BLOCK_EVENTS, BlockStore } from "../../../delivery/verify/blockStore";
import { Ledger } from "../../../delivery/verify/ledger";

describe("The ledger's blocks", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "blocks-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("come back from the file as they went, in whatever order they are asked for", () => {
    const store = new BlockStore({ mostResident: 2, spillFolder: folder });
    for (let number = 0; number < 5; number += 1) {
      const block = store.block(number);
      expect(block.waitedFrom[7]).to.be.NaN;
      block.waitedFrom[7] = number + 0.5;
      block.hashes[16] = number;
      block.flags[BLOCK_EVENTS - 1] = number;
    }
    for (const number of [0, 4, 2, 2, 1, 3, 0]) {
      const { waitedFrom, hashes, flags, copies } = store.block(number);
      expect([waitedFrom[7], hashes[16], flags[BLOCK_EVENTS - 1]]).to.deep.equal([
        number + 0.5,
        number,
        number,
      ]);
      copies[0] = (copies[0] ?? 0) + 1;
    }
    expect([0, 1, 2, 3, 4].map((number) => store.block(number).copies[0])).to.deep.equal([2, 1, 2, 1, 1]);
    store.close();
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("let a ledger that has outgrown its memory count as one that has not", () => {
    const [small, large] = [new BlockStore({ mostResident: 1, spillFolder: folder }), new BlockStore()].map(
      (blocks) => {
        const ledger = new Ledger(blocks);
        const bytesOf = (index: number) => Buffer.from(`event ${index}`);
        const numbers = [0, 1, BLOCK_EVENTS - 1, BLOCK_EVENTS, 2 * BLOCK_EVENTS + 5];
        for (const index of numbers) ledger.put(index, bytesOf(index));
        for (const index of numbers) ledger.onAttempt(index, index);
        for (const index of numbers.slice(1)) ledger.onAcknowledged(index, "one");
        for (const index of numbers.slice(0, 3)) ledger.onRead(index, bytesOf(index), 9_999_999);
        ledger.onRead(BLOCK_EVENTS, Buffer.from("changed"), 9_999_999);
        const counts = ledger.counts();
        ledger.close();
        return counts;
      },
    );
    expect(small).to.deep.equal(large);
    expect(small?.fates).to.include({ delivered: 3, corrupted: 1, lost: 1 });
  });

  it("say so where there is no room for the file", () => {
    const store = new BlockStore({ mostResident: 1, spillFolder: join(folder, "none") });
    store.block(0);
    expect(() => store.block(1)).to.throw(DeliveryError, "outgrown its memory");
  });
});
