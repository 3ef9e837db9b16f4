import { describe, expect, it } from "vitest";
import { CITIES } from "./cities";
import { at, EAST, HEIGHT, NORTH, placeAt, pressed, SOUTH, WEST, WIDTH } from "./sheet";

describe("the sheet on which a place is pressed", () => {
  it("holds every city, and each of them once", () => {
    for (const one of CITIES) {
      const [x, y] = at(one);
      expect(x > 0 && x < WIDTH && y > 0 && y < HEIGHT, one.en).toBe(true);
      expect(one.zh && one.en).not.toBe("");
    }
    expect(new Set(CITIES.map((one) => one.en)).size).toBe(CITIES.length);
  });

  it("finds back what it draws, to a hundredth of a degree", () => {
    for (const one of CITIES) expect(placeAt(...at(one))).toEqual({ latitude: one.latitude, longitude: one.longitude });
    expect(placeAt(0, 0)).toEqual({ latitude: NORTH, longitude: WEST });
    expect(placeAt(WIDTH, HEIGHT)).toEqual({ latitude: SOUTH, longitude: EAST });
  });

  it("takes the nearest city within reach, and the spot itself beyond it", () => {
    const chengdu = CITIES.find((one) => one.en === "Chengdu");
    if (!chengdu) throw new Error("no such city");
    const [x, y] = at(chengdu);
    expect(pressed(x + 5, y - 5, 30, CITIES)).toEqual({ latitude: chengdu.latitude, longitude: chengdu.longitude });
    expect(pressed(x + 5, y - 5, 3, CITIES)).toEqual(placeAt(x + 5, y - 5));
    const [a, b] = [{ zh: "a", en: "a", latitude: 30, longitude: 100 }, { zh: "b", en: "b", latitude: 30, longitude: 101 }];
    const [ax, ay] = at(a);
    expect(pressed(ax + 9, ay, 30, [a, b]).longitude).toBe(101);
  });
});
