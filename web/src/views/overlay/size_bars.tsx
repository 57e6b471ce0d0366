import { Text, Title } from "@mantine/core";
import { useText } from "../../text/text";
import type { Sample } from "../view";
import { image_sizes } from "./first_samples";

const most_sizes = 8;

/** How large the images of a dataset are, as far as its first samples say. */
export function SizeBars({ samples }: { samples: Sample[] }) {
  const { t, whole } = useText();
  const { sizes, others } = image_sizes(samples, most_sizes);
  if (sizes.length < 2) return null;
  const most = Math.max(1, ...sizes.map(({ count }) => count), others);
  const rows = others > 0 ? [...sizes, { size: t("overlay.other_sizes"), count: others }] : sizes;
  return (
    <section className="card histogram-card">
      <Title order={3} size="h5" mb="xs">
        {t("overlay.image_sizes")}
      </Title>
      <ul className="bars">
        {rows.map(({ size, count }) => (
          <li className="bar-row" key={size}>
            <span>{size}</span>
            <span className="bar">
              <i style={{ width: `${(100 * count) / most}%`, background: "var(--accent)" }} />
            </span>
            <span>{whole(count)}</span>
          </li>
        ))}
      </ul>
      <Text size="xs" c="dimmed" mt="xs">
        {t("overlay.of_samples", { n: samples.length })}
      </Text>
    </section>
  );
}
