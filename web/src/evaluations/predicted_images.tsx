import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { answer, client, type EvaluationFacts } from "../api/client";
import { PageSkeleton, QueryProblem } from "../frame/page_states";
import { type TextKey, useText } from "../text/text";
import { view_of } from "../views/registry";
import type { ImageFilter, Prediction, Words } from "../views/view";
import { PredictionViewer } from "./prediction_viewer";
import "./evaluation.css";

const page_size = 60;

export interface ImageChoice {
  truth: number | null;
  predicted: number | null;
  correct: boolean | null;
  /** Only of numbers: by the error of this one. */
  number?: number | null;
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
              number: choice.number ?? undefined,
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
          <Prediction
            key={item.index}
            job={job}
            facts={facts}
            item={item}
            on_open={() => set({ image: String(item.index) })}
          />
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

/** By the classes that the evaluation names, actual and predicted. */
function class_filters(facts: EvaluationFacts, { t }: Words): ImageFilter[] {
  const { classes, background } = facts as { classes?: { index: number; label: string }[]; background?: number };
  if (!classes?.length) return [];
  const choices = classes.map(({ index, label }) => ({ value: String(index), label }));
  if (background !== undefined) choices.push({ value: String(background), label: t("boxes.background") });
  return [
    { name: "truth", label: "matrix.truth", any: "images.any", choices },
    { name: "predicted", label: "matrix.predicted", any: "images.any", choices },
  ];
}

/** All images, or those of a class or of a cell of the matrix; the choice stands in the address. */
export function ImagesPanel({ job, facts, params, set }: PanelProps) {
  const words = useText();
  const { t } = words;
  const number = (name: string) => (/^\d+$/.test(params.get(name) ?? "") ? Number(params.get(name)) : null);
  const view = view_of(facts);
  const orders = view.orders ?? by_probability;
  const filters = (view.image_filters ?? class_filters)(facts, words);
  const choice: ImageChoice = {
    truth: number("truth"),
    predicted: number("predicted"),
    correct: null,
    number: number("number"),
    sort: orders.find(({ value }) => value === params.get("sort"))?.value ?? orders[0]!.value,
  };
  return (
    <Stack gap="sm">
      {(filters.length > 0 || orders.length > 1) && (
        <Group gap="md" align="flex-end">
          {filters.map(({ name, label, any, choices }) => (
            <Select
              key={name}
              size="xs"
              w={200}
              label={t(label)}
              placeholder={t(any)}
              clearable
              clearButtonProps={{ "aria-label": t(any) }}
              searchable
              limit={200}
              data={choices}
              value={choice[name] == null ? null : String(choice[name])}
              onChange={(value) => set({ [name]: value, image: null })}
              nothingFoundMessage={t("list.none_found")}
            />
          ))}
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
