/** Colour-blind-safe (Okabe and Ito), readable on light and dark; a class keeps its colour by index on every page. */
const class_colours = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#d55e00",
  "#8c8c00",
  "#7a5195",
  "#4e9a9a",
  "#a05a2c",
];

export function class_colour(index: number): string {
  return class_colours[index % class_colours.length]!;
}
