// Amounts of money, exactly: whole numbers of 1e-12 of the currency.

const PLACES = 12;

/** A decimal text in units of 1e-12. Undefined for what is no amount. */
export function parseAmount(text: string): bigint | undefined {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(text) ?? [];
  if (whole === "") return undefined;
  const value = BigInt(whole + fraction.padEnd(PLACES, "0"));
  return sign === "-" ? -value : value;
}

/** Plain, without trailing zeros; at least `places` of them. */
export function formatAmount(value: bigint, places = 0): string {
  const digits = (value < 0n ? -value : value).toString().padStart(PLACES + 1, "0");
  const fraction = digits.slice(-PLACES).replace(/0+$/, "").padEnd(places, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -PLACES)}${fraction === "" ? "" : `.${fraction}`}`;
}
