import { Group, Pagination, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, client, evaluated_image_url } from "../../api/client";
import { class_colour } from "../../charts/palette";
import { percent } from "../../format/format";
import { QueryProblem } from "../../frame/page_states";
import { useText } from "../../text/text";
import { SampleImage } from "../sample_image";
import type { EvaluationPanelProps } from "../view";

const classes_at_once = 10;

/** For each class the images with its highest probability. */
export function TopPanel({ job, facts, params, set }: EvaluationPanelProps) {
  const { t } = useText();
  const n = params.get("n") === "25" ? 25 : 9;
  const pages = Math.max(1, Math.ceil(facts.classes.length / classes_at_once));
  const page = Math.min(pages, Math.max(1, Number(params.get("page")) || 1));
  const shown = facts.classes.slice((page - 1) * classes_at_once, page * classes_at_once);
  return (
    <Stack gap="md">
      <Group gap="md">
        <SegmentedControl
          size="xs"
          aria-label={t("top.n")}
          data={["9", "25"]}
          value={String(n)}
          onChange={(value) => set({ n: value === "9" ? null : value })}
        />
        {pages > 1 && (
          <Pagination
            size="sm"
            total={pages}
            value={page}
            onChange={(value) => set({ page: value === 1 ? null : String(value) })}
            getItemProps={(item) => ({
              "aria-label": t("top.page", {
                from: (item - 1) * classes_at_once + 1,
                to: Math.min(item * classes_at_once, facts.classes.length),
              }),
            })}
          />
        )}
      </Group>
      {shown.map((one) => (
        <TopOfClass key={one.index} job={job} index={one.index} label={one.label} n={n} />
      ))}
    </Stack>
  );
}

function TopOfClass({ job, index, label, n }: { job: string; index: number; label: string; n: number }) {
  const { t } = useText();
  const top = useQuery({
    queryKey: ["top", job, index, n],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      answer(
        client.GET("/evaluations/{id}/top", { params: { path: { id: job }, query: { class: index, n } }, signal }),
      ),
  });
  return (
    <section data-testid="top-class">
      <Title order={3} size="h5" mb={4}>
        <span className="swatch" style={{ background: class_colour(index) }} />
        {label}
      </Title>
      {top.error && <QueryProblem error={top.error} />}
      <ul className="mosaic">
        {(top.data?.items ?? []).map((item) => {
          const wrong = item.truth !== null && item.truth.index !== index;
          return (
            <li key={item.index} data-wrong={wrong}>
              <SampleImage
                src={evaluated_image_url(job, item.index)}
                alt={t("images.alt", { index: String(item.index), label: item.truth?.label ?? label })}
                title={item.image}
              />
              <Text size="xs">{percent(item.probability, 1)}</Text>
              {wrong && item.truth && (
                <Text size="xs" fw={600}>
                  {t("images.is", { label: item.truth.label })}
                </Text>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
