/** A text on its way from the editor to the backtest; it is taken once and kept nowhere. */
let text = "";

export function hand(given: string): void {
  text = given;
}

export function handed(): string {
  const given = text;
  text = "";
  return given;
}
