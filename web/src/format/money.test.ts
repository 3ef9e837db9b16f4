import { describe, expect, it } from "vitest";
import api from "../../../api/openapi.json";
import { fenOf, MOST_COST_FEN, MOST_ENTRY_FEN, moneyOf, partFen, yuan } from "./money";

describe("money", () => {
  it("reads yuan exactly, to the fen", () => {
    expect(fenOf("45.50")).toBe(4550);
    expect(fenOf("0.07")).toBe(7);
    expect(fenOf("1.1")).toBe(110);
    expect(fenOf(" ￥1,234.56 ")).toBe(123_456);
    expect(fenOf("")).toBe(0);
  });
  it("refuses what is no amount", () => {
    for (const text of ["-1", "1.234", "x", "1e3", "12345678901", "."]) expect(fenOf(text)).toBeNull();
  });
  it("takes as much as the server does, and no more", () => {
    const { Handling, PartUsed, EntryForm } = api.components.schemas;
    expect([Handling.properties.contractor_fen.maximum, PartUsed.properties.price_fen.maximum]).toEqual([MOST_COST_FEN, MOST_COST_FEN]);
    expect(EntryForm.properties.amount_fen.maximum).toBe(MOST_ENTRY_FEN);
    expect([fenOf("100000000"), fenOf("100000000.01")]).toEqual([MOST_COST_FEN, null]);
    expect([fenOf("100000000000", MOST_ENTRY_FEN), fenOf("100000000000.01", MOST_ENTRY_FEN)]).toEqual([MOST_ENTRY_FEN, null]);
  });
  it("rounds parts as the server does: half a fen to the even one", () => {
    expect([0.5, 1.5, 2.5, 3.4, 3.6].map((quantity) => partFen({ quantity, price_fen: 1 }))).toEqual([0, 2, 2, 3, 4]);
    expect(partFen({ quantity: 1.5, price_fen: 333 })).toBe(500);
    expect(moneyOf({ parts_fen: 3, contractor_fen: 4 })).toBe(7);
  });
  it("writes yuan", () => {
    expect(yuan(123_456, "en")).toBe("¥1,234.56");
    expect(yuan(0, "zh")).toBe("¥0.00");
  });
});
