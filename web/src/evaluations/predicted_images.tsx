import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { answer, client, type EvaluationFacts } from "../api/client";
import { PageSkeleton, QueryProblem } from "../frame/page_states";
import { type TextKey, useText } from "../text/text";
import { view_of } from "../views/registry";
import type { Prediction } from "../views/view";
import { PredictionViewer } from "./prediction_viewer";
import "./evaluation.css";

const page_size = 60;

export interface ImageChoice {
  truth: number | null;
  predicted: number | null;
  correct: boolean | null;
  /** `index`, `probability`, `-probability` or `worst`. */
  sort: string;
}

interface PanelProps {
  job: string;
  facts: EvaluationFacts;
  params: URLSearchParams;
  set: (changes: Record<string, string | null>) => void;
}

/** Images with the network's answers, a page at a time; a click opens one, and which one stands in the address. */
export function PredictedImages({
  job,
  facts,
  params,
  set,
  choice,
  none,
}: PanelProps & { choice: ImageChoice; none: string }) {
  const { t } = useText();
  const { Prediction, draws_image } = view_of(facts);
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
              sort: choice.sort as "index",
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
  // What a task without classes says of an image has other members; its view knows which.
  const items = query.data.pages.flatMap((page) => page.items as Prediction[]);
  const total = query.data.pages[0]?.total ?? items.length;
  if (items.length === 0) return <Text c="dimmed">{none}</Text>;
  const open = items.findIndex((item) => String(item.index) === params.get("image"));
  const more = () => query.hasNextPage && !query.isFetchingNextPage && void query.fetchNextPage();
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" role="status" data-testid="prediction-count">
        {t("explore.count", { n: total })}
      </Text>
      <ul className={draws_image ? "predictions wide-predictions" : "predictions"}>
        {items.map((item) => (
          <Prediction key={item.index} job={job} item={item} on_open={() => set({ image: String(item.index) })} />
        ))}
      </ul>
      {query.hasNextPage && (
        <Group>
          <Button variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t("images.more")}
          </Button>
        </Group>
      )}
      {open >= 0 && (
        <PredictionViewer
          job={job}
          facts={facts}
          items={items}
          at={open}
          total={total}
          move={(to) => {
            const item = items[to];
            if (item) set({ image: String(item.index) });
            if (to > items.length - 10) more();
          }}
          close={() => set({ image: null })}
        />
      )}
    </Stack>
  );
}

const by_probability: { value: string; label: TextKey }[] = [
  { value: "index", label: "images.sort.index" },
  { value: "-probability", label: "images.sort.confident" },
  { value: "probability", label: "images.sort.unsure" },
];

/** All images, or those of a class or of a cell of the matrix; the choice stands in the address. */
export function ImagesPanel({ job, facts, params, set }: PanelProps) {
  const { t } = useText();
  const number = (name: string) => (/^\d+$/.test(params.get(name) ?? "") ? Number(params.get(name)) : null);
  const orders = view_of(facts).orders ?? by_probability;
  const choice: ImageChoice = {
    truth: number("truth"),
    predicted: number("predicted"),
    correct: null,
    sort: orders.find(({ value }) => value === params.get("sort"))?.value ?? orders[0]!.value,
  };
  const { classes: known, background } = facts as { classes?: { index: number; label: string }[]; background?: number };
  const classes = (known ?? []).map((one) => ({ value: String(one.index), label: one.label }));
  if (background !== undefined && classes.length > 0)
    classes.push({ value: String(background), label: t("boxes.background") });
  const select = (name: "truth" | "predicted") => (
    <Select
      size="xs"
      w={200}
      label={t(`matrix.${name}`)}
      placeholder={t("images.any")}
      clearable
      clearButtonProps={{ "aria-label": t("images.any") }}
      searchable
      limit={200}
      data={classes}
      value={choice[name] === null ? null : String(choice[name])}
      onChange={(value) => set({ [name]: value, image: null })}
      nothingFoundMessage={t("list.none_found")}
    />
  );
  return (
    <Stack gap="sm">
      {(classes.length > 0 || orders.length > 1) && (
        <Group gap="md" align="flex-end">
          {classes.length > 0 && select("truth")}
          {classes.length > 0 && select("predicted")}
          <Select
            size="xs"
            w={210}
            label={t("images.sort")}
            allowDeselect={false}
            data={orders.map(({ value, label }) => ({ value, label: t(label) }))}
            value={choice.sort}
            onChange={(value) => set({ sort: value === orders[0]!.value ? null : value, image: null })}
          />
        </Group>
      )}
      <PredictedImages job={job} facts={facts} params={params} set={set} choice={choice} none={t("list.none_found")} />
    </Stack>
  );
}
