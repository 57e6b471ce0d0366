import { Alert, Button, Group, SegmentedControl, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { answer, client, type Dataset } from "../api/client";
import { EmptyState } from "../frame/empty_state";
import { QueryProblem } from "../frame/page_states";
import { useText } from "../text/text";
import { view_of } from "../views/registry";
import { small_px } from "../views/sample_image";
import type { ClassNames, Sample, View } from "../views/view";
import { image_url } from "./image_url";
import { ImageViewer } from "./image_viewer";
import { has_pairs } from "./shown_channels";
import { split_names } from "./splits";
import "./datasets.css";

const page_size = 200;

/** Of boxes, by their area as COCO has it. */
const box_sizes = ["small", "medium", "large"] as const;

type SplitName = (typeof split_names)[number];

/** Split, class and the open image stand in the address. */
export function ExplorePanel({ data: { job, dataset } }: { data: Dataset }) {
  const { t, whole } = useText();
  const [params, set_params] = useSearchParams();
  const present = split_names.filter((split) => dataset?.splits[split]);
  const split: SplitName = present.find((one) => one === params.get("split")) ?? present[0] ?? "train";
  const wanted = params.get("class");
  const { filters } = view_of(dataset);
  const label = filters.includes("class") && wanted !== null && /^\d+$/.test(wanted) ? Number(wanted) : null;
  const size = filters.includes("size") ? (box_sizes.find((one) => one === params.get("size")) ?? null) : null;
  const problems = filters.includes("problems") && params.get("problems") === "true";
  const set = (changes: Record<string, string | null>) =>
    set_params(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes))
          if (value === null) after.delete(name);
          else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  const names = useMemo(() => ({ labels: dataset?.labels ?? [], palette: dataset?.palette ?? [] }), [dataset]);
  // A link to an image far behind begins there.
  const [start, set_start] = useState(() => (Number(params.get("image")) >= page_size ? params.get("image")! : ""));
  const from = /^\d{1,9}$/.test(start.trim()) ? String(Math.max(0, Number(start.trim()))) : "0";
  const images = useInfiniteQuery({
    queryKey: ["images", job.id, split, label, size, problems, from],
    staleTime: Number.POSITIVE_INFINITY,
    enabled: dataset !== null,
    retry: false,
    initialPageParam: from,
    queryFn: ({ pageParam, signal }) =>
      answer(
        client.GET("/datasets/{id}/images", {
          params: {
            path: { id: job.id },
            query: {
              split,
              class: label ?? undefined,
              cursor: pageParam,
              limit: page_size,
              ...(size && { size }),
              ...(problems && { problems }),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const items: Sample[] = useMemo(() => images.data?.pages.flatMap((page) => page.items) ?? [], [images.data]);
  const total = images.data?.pages[0]?.total ?? items.length;
  const open_index = params.get("image");
  const open = open_index === null ? -1 : items.findIndex((item) => String(item.index) === open_index);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = images;
  const load_more = () => hasNextPage && !isFetchingNextPage && void fetchNextPage();
  if (!dataset)
    return (
      <div className="card">
        <EmptyState icon="dataset" title={t("explore.not_yet")} />
      </div>
    );
  const labels = dataset.labels;
  const view = view_of(dataset);
  return (
    <Stack gap="sm">
      <Group gap="md" align="flex-end">
        {present.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={t("dataset.split")}
            value={split}
            onChange={(value) => set({ split: value, image: null })}
            data={present.map((one) => ({ value: one, label: t(`split.${one}`) }))}
          />
        )}
        {filters.includes("class") && (
          <Select
            size="xs"
            w={220}
            aria-label={t("explore.class")}
            placeholder={t("explore.all_classes")}
            clearable
            clearButtonProps={{ "aria-label": t("explore.all_classes") }}
            searchable
            limit={200}
            data={labels.map((name, i) => ({ value: String(i), label: name }))}
            value={label === null ? null : String(label)}
            onChange={(value) => set({ class: value, image: null })}
            nothingFoundMessage={t("list.none_found")}
          />
        )}
        {filters.includes("size") && (
          <Select
            size="xs"
            w={200}
            aria-label={t("explore.size")}
            placeholder={t("explore.all_sizes")}
            clearable
            clearButtonProps={{ "aria-label": t("explore.all_sizes") }}
            data={box_sizes.map((one) => ({ value: one, label: t(`explore.size.${one}`) }))}
            value={size}
            onChange={(value) => set({ size: value, image: null })}
          />
        )}
        {filters.includes("problems") && (
          <Switch
            size="xs"
            label={t("explore.has_problems")}
            checked={problems}
            onChange={(event) => set({ problems: event.currentTarget.checked ? "true" : null, image: null })}
          />
        )}
        <TextInput
          size="xs"
          w={130}
          aria-label={t("explore.from")}
          placeholder={t("explore.from")}
          value={start}
          onChange={(event) => set_start(event.currentTarget.value)}
        />
        {images.data && (
          <Text size="sm" c="dimmed" role="status" data-testid="image-count">
            {t("explore.count", { n: total })}
          </Text>
        )}
      </Group>
      {images.error && !images.data ? <QueryProblem error={images.error} /> : null}
      {images.isFetchNextPageError && (
        <Alert data-tone="error">
          {String(images.error)}{" "}
          <Button size="compact-xs" variant="default" onClick={() => void fetchNextPage()}>
            {t("action.again")}
          </Button>
        </Alert>
      )}
      {images.data && items.length === 0 && <Text c="dimmed">{t("list.none_found")}</Text>}
      {items.length > 0 && (
        <ImageGrid
          view={view}
          names={names}
          items={items}
          dataset={job.id}
          split={split}
          on_open={(index) => set({ image: String(index) })}
          near_end={load_more}
        />
      )}
      {open >= 0 && (
        <ImageViewer
          view={view}
          names={names}
          dataset={job.id}
          split={split}
          items={items}
          at={open}
          total={total}
          pairs={has_pairs(dataset)}
          move={(to) => {
            const item = items[to];
            if (item) set({ image: String(item.index) });
            if (to > items.length - 20) load_more();
          }}
          close={() => set({ image: null })}
        />
      )}
      {items.length < total && (
        <Text size="xs" c="dimmed">
          {t("explore.loaded", { shown: whole(items.length), total: whole(total) })}
        </Text>
      )}
    </Stack>
  );
}

interface GridProps {
  view: View;
  names: ClassNames;
  items: Sample[];
  dataset: string;
  split: string;
  on_open: (index: number) => void;
  near_end: () => void;
}

/** Between two cells, as datasets.css has it. */
const gap = 6;

/** Rows of equal cells; only those in sight exist. Arrow keys move, Enter opens. */
function ImageGrid({ view, names, items, dataset, split, on_open, near_end }: GridProps) {
  const { t } = useText();
  const box = useRef<HTMLDivElement>(null);
  const [place, set_place] = useState({ top: 0, width: 800 });
  const [focus, set_focus] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      const rect = box.current?.getBoundingClientRect();
      if (rect) set_place({ top: rect.top + window.scrollY, width: rect.width });
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const sides = items.slice(0, 50).map((item) => Math.max(item.width, item.height));
  const small = Math.max(...sides) < small_px;
  const least = small ? 84 : 140;
  const columns = Math.max(1, Math.floor((place.width + gap) / (least + gap)));
  // A row fills the width.
  const cell = Math.floor((place.width + gap) / columns) - gap;
  const rows = Math.ceil(items.length / columns);
  const virtual = useWindowVirtualizer({
    count: rows,
    estimateSize: () => cell + gap,
    overscan: 4,
    scrollMargin: place.top,
    scrollPaddingStart: 70,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the size of a row changed
  useEffect(() => virtual.measure(), [cell]);
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  const at_end = last >= rows - 6;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again whenever rows came and the end is still near
  useEffect(() => {
    if (at_end) near_end();
  }, [at_end, rows]);
  const go = (to: number) => {
    const next = Math.min(items.length - 1, Math.max(0, to));
    set_focus(next);
    virtual.scrollToIndex(Math.floor(next / columns), { align: "auto" });
    // At once when it is drawn, else as soon as its row is.
    const cell_of = () => box.current?.querySelector<HTMLButtonElement>(`[data-at="${next}"]`);
    const there = cell_of();
    if (there) there.focus();
    else requestAnimationFrame(() => cell_of()?.focus());
  };
  return (
    <div
      ref={box}
      role="group"
      aria-label={t("explore.grid")}
      style={{ height: virtual.getTotalSize(), position: "relative" }}
      onKeyDown={(event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        go(focus + step);
      }}
    >
      {shown.map((row) => (
        <div
          key={row.key}
          className="image-row"
          style={{
            transform: `translateY(${row.start - place.top}px)`,
            gridTemplateColumns: `repeat(${columns}, ${cell}px)`,
          }}
        >
          {items.slice(row.index * columns, (row.index + 1) * columns).map((item, i) => {
            const at = row.index * columns + i;
            const size = `${item.width} × ${item.height}`;
            return (
              <button
                type="button"
                key={item.index}
                className="image"
                data-at={at}
                data-small={small}
                tabIndex={at === focus ? 0 : -1}
                style={{ width: cell, height: cell }}
                title={[item.file, view.target_text(item), size].filter(Boolean).join("\n")}
                onFocus={() => set_focus(at)}
                onClick={() => on_open(item.index)}
              >
                <view.Sample item={item} src={image_url(dataset, split, item.index)} small={small} names={names} />
              </button>
            );
          })}
        </div>
      ))}
    </div>
  );
}
