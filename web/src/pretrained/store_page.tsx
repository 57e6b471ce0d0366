import { Alert, Button, Card, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { type ModelStore, ProblemError, store_logo_url, store_preview_url } from "../api/client";
import { stores_asked_again, useStores } from "../api/queries";
import { metric } from "../format/format";
import { judged } from "../format/judged";
import { PageSkeleton, ProblemAlert, QueryProblem, useTitle } from "../frame/page_states";
import { useText } from "../text/text";
import { start_pull } from "./pull_model";
import "./store.css";

type StoreModel = ModelStore["models"][number];

/** What the model stores offer. */
export function StorePage() {
  const { t, said } = useText();
  const [wanted, set_wanted] = useState("");
  const stores = useStores(true);
  const queries = useQueryClient();
  useTitle(t("store.title"));
  if (stores.error && !stores.data) return <QueryProblem error={stores.error} />;
  if (!stores.data) return <PageSkeleton />;
  const words = wanted.trim().toLowerCase();
  const matches = (model: StoreModel) =>
    [model.name, model.note, model.owner, model.dataset, model.license].some((text) =>
      text?.toLowerCase().includes(words),
    );
  const none = stores.data.items.every(({ models }) => models.length === 0);
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Title order={1}>{t("store.title")}</Title>
        <Button
          size="xs"
          variant="default"
          loading={stores.isFetching}
          onClick={() => void queries.fetchQuery(stores_asked_again)}
        >
          {t("store.refresh")}
        </Button>
      </Group>
      {none && <Text size="sm">{t("store.none", { command: stores.data.add })}</Text>}
      {!none && (
        <TextInput
          label={t("store.filter")}
          value={wanted}
          onChange={(event) => set_wanted(event.currentTarget.value)}
          maw={360}
        />
      )}
      {stores.data.items.map((store) => (
        <Stack
          key={store.url}
          gap="sm"
          component="section"
          aria-label={store.url === "included" ? t("store.included") : store.message || store.url}
        >
          <Title order={2}>{store.url === "included" ? t("store.included") : store.url}</Title>
          {store.url !== "included" && store.message && <Text size="sm">{store.message}</Text>}
          {store.error && (
            <Alert data-tone="error" py="xs">
              {said(store.error)}
            </Alert>
          )}
          {store.models.filter(matches).map((model) => (
            <Entry key={model.id} model={model} />
          ))}
        </Stack>
      ))}
    </Stack>
  );
}

function Entry({ model }: { model: StoreModel }) {
  const { t, said, whole, best_of } = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const pull = useMutation({
    mutationFn: () => start_pull(model.id),
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ["stores"] });
      navigate(`/pretrained/${job.id}`);
    },
  });
  const best = judged(model.metrics);
  const card = model.dataset_card;
  const images = Object.values(card?.images ?? {}).reduce((sum, count) => sum + count, 0);
  const sizes = [
    ...(images > 0 ? [t("store.images", { images: whole(images) })] : []),
    ...(card?.classes ? [t("store.classes", { classes: whole(card.classes) })] : []),
  ];
  const facts: [string, string | null][] = [
    [t("kind.dataset"), [model.dataset, ...sizes].filter(Boolean).join(", ") || null],
    ...(best ? [[best_of(best.name), metric(best.name, best.value)] as [string, string]] : []),
    [t("store.license"), model.license],
    [t("store.owner"), model.owner],
    [t("store.source"), model.source],
    ["SHA-256", model.sha256 && `${model.sha256.slice(0, 12)}…`],
  ];
  return (
    <Card withBorder padding="md" data-testid="store-model">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        {model.logo && (
          <img className="store-logo" src={store_logo_url(model.id)} alt="" loading="lazy" width={56} height={56} />
        )}
        <Stack gap={4} flex={1} className="store-facts">
          <Title order={3}>{model.name}</Title>
          {model.note && <Text size="sm">{said(model.note)}</Text>}
          <Text size="sm" c="dimmed">
            {facts.flatMap(([label, value]) => (value ? [`${label}: ${value}`] : [])).join(" · ")}
          </Text>
          {model.previews > 0 && (
            <Group gap={4}>
              {Array.from({ length: model.previews }, (_, number) => (
                <img
                  key={store_preview_url(model.id, number)}
                  className="store-logo"
                  src={store_preview_url(model.id, number)}
                  alt={t("store.preview", { number: whole(number + 1) })}
                  loading="lazy"
                  width={64}
                  height={64}
                />
              ))}
            </Group>
          )}
        </Stack>
        {model.job === null ? (
          <Button size="xs" flex="none" loading={pull.isPending} onClick={() => pull.mutate()}>
            {t("store.pull")}
          </Button>
        ) : (
          <Button size="xs" flex="none" variant="default" component={Link} to={`/pretrained/${model.job}`}>
            {t("store.open")}
          </Button>
        )}
      </Group>
      {pull.error instanceof ProblemError && <ProblemAlert problem={pull.error.problem} />}
    </Card>
  );
}
