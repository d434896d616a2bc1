// Floating-point amounts of a JSON file as the decimal texts of ours: by their shortest digits, never by arithmetic.

/** Places that our prices have. */
const PLACES = 12;

/** The price of a million for a price of one. */
export function perMillion(value: number): string {
  return shifted(value, 6);
}

/** An amount as it is. */
export function amountText(value: number): string {
  return shifted(value, 0);
}

/** `value` times 10^by, at most 12 places, rounded half up. */
function shifted(value: number, by: number): string {
  const [, whole = "0", fraction = "", exponent = "0"] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const scale = Number(exponent) - fraction.length + by + PLACES; // of the digits, in units of the last place
  const digits = BigInt(whole + fraction);
  const units = scale >= 0 ? digits * 10n ** BigInt(scale) : roundedQuotient(digits, 10n ** BigInt(-scale));
  const text = units.toString().padStart(PLACES + 1, "0");
  const decimals = text.slice(-PLACES).replace(/0+$/, "");
  return text.slice(0, -PLACES) + (decimals === "" ? "" : `.${decimals}`);
}

function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  return (dividend * 2n + divisor) / (divisor * 2n);
}
