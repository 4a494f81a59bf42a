const [ZERO, MINUS] = [0x30, 0x2d];
const SEVEN_DIGITS = 10_000_000;

/** Writes a whole number in decimal. @returns where it ends. */
export function writeWhole(memory: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    memory[at] = MINUS;
    return writeWhole(memory, at + 1, -value);
  }
  // Seven digits at a time: with numbers below 2^31 the processor reckons fastest.
  if (value < SEVEN_DIGITS) return writeDigits(memory, at, value, digitsOf(value));
  const high = Math.floor(value / SEVEN_DIGITS);
  return writeDigits(memory, writeWhole(memory, at, high), value - high * SEVEN_DIGITS, 7);
}

/** Writes so many last digits of a whole number below 2^31, zeros in front where it has fewer. @returns where they end. */
export function writeDigits(memory: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value;
  for (let place = at + digits - 1; place >= at; place -= 1) {
    const tenth = (rest / 10) | 0;
    memory[place] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let least = 10; value >= least; least *= 10) digits += 1;
  return digits;
}
