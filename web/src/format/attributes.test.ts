import { describe, expect, it } from "vitest";
import en from "@/i18n/en";
import zh from "@/i18n/zh";
import { KNOWN, attributeValue } from "./attributes";

const words = { yes: "是", no: "否" };

describe("attributes of a facility", () => {
  it("are money, units and counts as people write them", () => {
    expect(attributeValue("renewal_cost_fen", 120_000_000, "zh", words)).toBe("¥1,200,000.00");
    expect(attributeValue("tilt_danger", "10", "zh", words)).toBe("10‰");
    expect(attributeValue("people_served", 32, "zh", words)).toBe("32");
    expect(attributeValue("build_year", 1998, "en", words)).toBe("1998");
    expect(attributeValue("household_inlet", 0, "zh", words)).toBe("否");
  });

  it("stay as the city wrote them where nobody knows them", () => {
    expect(attributeValue("roof", "tiles", "en", words)).toBe("tiles");
    expect(attributeValue("roof_area", 120.1, "en", words)).toBe("120.1");
    expect(attributeValue("tilt_danger", "", "en", words)).toBe("");
    expect(attributeValue("tilt_danger", "ten", "en", words)).toBe("ten");
  });

  it("have a name in both languages", () => {
    expect(Object.keys(zh.facility.attribute).toSorted()).toEqual(KNOWN.toSorted());
    expect(Object.keys(en.facility.attribute).toSorted()).toEqual(KNOWN.toSorted());
  });
});
