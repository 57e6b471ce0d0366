import { expect, test } from "vitest";
import { backgrounds, texts } from "./editor_colours";

/** Of WCAG 2.1: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test.each(["light", "dark"])("every text is readable on every background in the %s theme", (theme) => {
  const at = theme === "light" ? 0 : 1;
  for (const [text, colour] of Object.entries(texts))
    for (const [place, background] of Object.entries(backgrounds))
      expect(contrast(colour[at], background[at]), `${text} on ${place}`).toBeGreaterThanOrEqual(4.5);
});
