/** What the server says of an arrow: the slopes, its color, and the length of a slope of 1/2 in % of half the image. */
export interface Arrow {
  x: number;
  y: number;
  color: "red" | "green" | "blue";
  size: number;
}

const barb = 0.25;
const angle = 0.5;

/** The strokes of the arrow in an image of this size, as the path of an SVG; as the server draws it. */
export function arrow_path(arrow: Arrow, width: number, height: number): string {
  const share = (2 * arrow.size) / 100;
  const [middle_x, middle_y] = [width / 2, height / 2];
  const [x, y] = [arrow.x * share * middle_x, arrow.y * share * middle_y];
  const [end_x, end_y] = [middle_x + x, middle_y + y];
  const back = (turn: number) => {
    const back_x = end_x - barb * (x * Math.cos(turn) - y * Math.sin(turn));
    const back_y = end_y - barb * (x * Math.sin(turn) + y * Math.cos(turn));
    return `M${end_x} ${end_y}L${back_x} ${back_y}`;
  };
  return `M${middle_x} ${middle_y}L${end_x} ${end_y}${back(angle)}${back(-angle)}`;
}
