// Money is a decimal text of dollars with up to twelve decimals; it is added as integers, never as
// floating point.

const decimals = 12;

/** Units of 10⁻¹² dollars. */
export function toPico(text) {
  const [whole, fraction = ""] = String(text).replace("$", "").split(".");
  const digits = (fraction + "0".repeat(decimals)).slice(0, decimals);
  const negative = whole.startsWith("-");
  const units = BigInt(whole.replace("-", "") || "0") * 10n ** BigInt(decimals) + BigInt(digits);
  return negative ? -units : units;
}

/** At least two decimals, no further zeros at the end. */
export function fromPico(units) {
  const negative = units < 0n;
  const digits = String(negative ? -units : units).padStart(decimals + 1, "0");
  const fraction = digits.slice(-decimals).replace(/0+$/, "").padEnd(2, "0");
  return `${negative ? "-" : ""}${digits.slice(0, -decimals)}.${fraction}`;
}

/** The share of `whole` that `part` is, from 0 to 1. */
export function share(part, whole) {
  const total = toPico(whole);
  if (total <= 0n) return 0;
  return Math.min(1, Number((toPico(part) * 10000n) / total) / 10000);
}
