import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type EvaluationFacts, evaluated_picture_url, type PicturePrediction } from "../api/client";
import { class_colour } from "../charts/palette";
import { small_px } from "../datasets/explore_panel";
import { percent } from "../format/format";
import { PageSkeleton, QueryProblem } from "../frame/page_states";
import { useText } from "../text/text";
import "./evaluation.css";

const page_size = 60;

export interface PictureChoice {
  truth: number | null;
  predicted: number | null;
  correct: boolean | null;
  sort: "index" | "probability" | "-probability";
}

/** Pictures with what the network said of each, a page at a time. */
export function PredictedPictures({ job, choice, none }: { job: string; choice: PictureChoice; none: string }) {
  const { t } = useText();
  const query = useInfiniteQuery({
    queryKey: ["predictions", job, choice],
    staleTime: Number.POSITIVE_INFINITY,
    initialPageParam: "0",
    queryFn: ({ pageParam, signal }) =>
      answer(
        client.GET("/evaluations/{id}/predictions", {
          params: {
            path: { id: job },
            query: {
              truth: choice.truth ?? undefined,
              predicted: choice.predicted ?? undefined,
              correct: choice.correct ?? undefined,
              sort: choice.sort,
              cursor: pageParam,
              limit: page_size,
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  if (query.error && !query.data) return <QueryProblem error={query.error} />;
  if (!query.data) return <PageSkeleton />;
  const items = query.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <Text c="dimmed">{none}</Text>;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" role="status" data-testid="prediction-count">
        {t("explore.count", { n: query.data.pages[0]?.total ?? 0 })}
      </Text>
      <ul className="predictions">
        {items.map((item) => (
          <OnePicture key={item.index} job={job} item={item} />
        ))}
      </ul>
      {query.hasNextPage && (
        <Group>
          <Button variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t("pictures.more")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** The picture as the browser shows it, enlarged without smoothing where it is small. */
export function EvaluatedPicture({
  job,
  index,
  label,
  title,
}: {
  job: string;
  index: number;
  label: string;
  title: string;
}) {
  const { t } = useText();
  const [small, set_small] = useState(false);
  return (
    <div className="picture" data-small={small} title={title}>
      <img
        loading="lazy"
        decoding="async"
        src={evaluated_picture_url(job, index)}
        alt={t("pictures.alt", { index: String(index), label })}
        onLoad={({ currentTarget }) =>
          set_small(Math.max(currentTarget.naturalWidth, currentTarget.naturalHeight) < small_px)
        }
      />
    </div>
  );
}

function OnePicture({ job, item }: { job: string; item: PicturePrediction }) {
  const { t } = useText();
  const best = item.predictions[0];
  const wrong = item.truth !== null && item.truth.index !== best?.index;
  return (
    <li data-wrong={wrong} data-testid="prediction">
      <EvaluatedPicture
        job={job}
        index={item.index}
        label={item.truth?.label ?? best?.label ?? ""}
        title={item.picture}
      />
      <Text size="xs" fw={600}>
        {item.truth ? t("pictures.is", { label: item.truth.label }) : t("pictures.unknown")}
      </Text>
      <ol>
        {item.predictions.slice(0, 3).map((one) => (
          <li key={one.index} data-best={one === best}>
            <span className="swatch" style={{ background: class_colour(one.index) }} />
            <span title={one.label}>{one.label}</span>
            <span>{percent(one.probability, 1)}</span>
          </li>
        ))}
      </ol>
    </li>
  );
}

interface PanelProps {
  job: string;
  facts: EvaluationFacts;
  params: URLSearchParams;
  set: (changes: Record<string, string | null>) => void;
}

/** All pictures, or those of a class or of a cell of the matrix; the choice stands in the address. */
export function PicturesPanel({ job, facts, params, set }: PanelProps) {
  const { t } = useText();
  const number = (name: string) => (/^\d+$/.test(params.get(name) ?? "") ? Number(params.get(name)) : null);
  const sort = params.get("sort");
  const choice: PictureChoice = {
    truth: number("truth"),
    predicted: number("predicted"),
    correct: null,
    sort: sort === "probability" || sort === "-probability" ? sort : "index",
  };
  const classes = facts.classes.map((one) => ({ value: String(one.index), label: one.label }));
  const select = (name: "truth" | "predicted") => (
    <Select
      size="xs"
      w={200}
      label={t(`matrix.${name}`)}
      placeholder={t("pictures.any")}
      clearable
      clearButtonProps={{ "aria-label": t("pictures.any") }}
      searchable
      limit={200}
      data={classes}
      value={choice[name] === null ? null : String(choice[name])}
      onChange={(value) => set({ [name]: value })}
      nothingFoundMessage={t("list.none_found")}
    />
  );
  return (
    <Stack gap="sm">
      <Group gap="md" align="flex-end">
        {select("truth")}
        {select("predicted")}
        <Select
          size="xs"
          w={190}
          label={t("pictures.sort")}
          allowDeselect={false}
          data={[
            { value: "index", label: t("pictures.sort.index") },
            { value: "-probability", label: t("pictures.sort.surest") },
            { value: "probability", label: t("pictures.sort.unsure") },
          ]}
          value={choice.sort}
          onChange={(value) => set({ sort: value === "index" ? null : value })}
        />
      </Group>
      <PredictedPictures job={job} choice={choice} none={t("list.none_found")} />
    </Stack>
  );
}
