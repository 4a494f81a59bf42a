import type { Ledger } from "../../../delivery/verify/ledger";

/** Adds the next event to a ledger, and returns its number. */
export function added(ledger: Ledger, bytes: Uint8Array): number {
  const { size } = ledger;
  ledger.put(size, bytes);
  return size;
}
