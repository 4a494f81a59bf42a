// Mocha's spec reporter with a closing line that scripts can read.
const { reporters } = require("mocha");

module.exports = class SpecWithClosingLine extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  }
};
