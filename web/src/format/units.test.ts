import { describe, expect, it } from "vitest";
import { bytes, measured, unitSign, withUnit } from "./units";

describe("units", () => {
  it("shows UCUM codes as the signs people know", () => {
    expect(unitSign("Cel")).toBe("°C");
    expect(unitSign("kW.h")).toBe("kWh");
    expect(unitSign("m3/h")).toBe("m³/h");
    expect(unitSign("1")).toBe("");
  });

  it("shows a code it does not know as it is", () => {
    expect(unitSign("furlong")).toBe("furlong");
  });

  it("sets percent close and other units apart", () => {
    expect(withUnit(43.25, "%", "zh")).toBe("43.25%");
    expect(withUnit(21.5, "Cel", "zh")).toBe("21.5\u00a0°C");
    expect(withUnit(3, "1", "zh")).toBe("3");
  });
});

describe("measured values", () => {
  it("keeps about four significant digits", () => {
    expect(measured(1234.56, "en")).toBe("1,235");
    expect(measured(231.07, "en")).toBe("231.1");
    expect(measured(2.5, "en")).toBe("2.5");
    expect(measured(0.0614, "en")).toBe("0.061");
    expect(measured(400, "en")).toBe("400");
  });

  it("never invents a value", () => {
    expect(measured(null, "zh")).toBe("–");
    expect(measured(Number.NaN, "zh")).toBe("–");
    expect(withUnit(null, "Cel", "zh")).toBe("–");
  });

  it("counts bytes in binary steps", () => {
    expect(bytes(512, "en")).toBe("512 B");
    expect(bytes(1536, "en")).toBe("1.5 KiB");
  });
});
