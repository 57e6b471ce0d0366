import { Card, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, client, type LayerView, type LayerViews } from "../api/client";
import { significant } from "../format/format";
import { PageSkeleton, QueryProblem } from "../frame/page_states";
import { useText } from "../text/text";
import "./layers_panel.css";

export type LayersQuestion = { file: File } | { path: string } | { url: string };

function ask(model: string, snapshot: string, question: LayersQuestion, signal: AbortSignal): Promise<LayerViews> {
  const params = { path: { id: model }, query: { snapshot } };
  if ("path" in question)
    return answer(client.POST("/models/{id}/layers", { params, body: { paths: [question.path] }, signal }));
  if ("url" in question)
    return answer(client.POST("/models/{id}/layers", { params, body: { urls: [question.url] }, signal }));
  const form = new FormData();
  form.append("image", question.file, question.file.name);
  return answer(
    client.POST("/models/{id}/layers", {
      params,
      body: { image: "" },
      bodySerializer: () => form,
      headers: { "Content-Type": null },
      signal,
    }),
  );
}

interface Props {
  model: string;
  snapshot: string;
  question: LayersQuestion;
  /** Tells two questions apart. */
  name: string;
}

/** Activations and weights in the order of the network; images come as one scrolls. */
export function LayersPanel({ model, snapshot, question, name }: Props) {
  const { t } = useText();
  const layers = useQuery({
    queryKey: ["layers", model, snapshot, name],
    staleTime: 0,
    gcTime: 0,
    retry: false,
    queryFn: ({ signal }) => ask(model, snapshot, question, signal),
  });
  if (layers.error) return <QueryProblem error={layers.error} />;
  if (!layers.data) return <PageSkeleton />;
  return (
    <Stack gap="sm" component="section" aria-label={t("layers.title")} data-testid="layers">
      <Title order={3} size="h4">
        {t("layers.title")}
      </Title>
      <Text size="sm" c="dimmed">
        {t("layers.parameters", { n: layers.data.parameters })}
      </Text>
      {layers.data.layers.map((layer) => (
        <OneLayer key={`${layer.kind} ${layer.name}`} layer={layer} />
      ))}
    </Stack>
  );
}

function OneLayer({ layer }: { layer: LayerView }) {
  const { t, whole } = useText();
  const kind = t(`layers.${layer.kind}`);
  const facts: [string, string][] = [
    [t("layers.shape"), layer.shape.join(" × ") || "1"],
    [t("layers.mean"), significant(layer.mean)],
    [t("layers.deviation"), significant(layer.deviation)],
  ];
  if (layer.parameters !== null) facts.push([t("layers.count"), whole(layer.parameters)]);
  return (
    <Card withBorder padding="md" radius={10} data-testid="layer">
      <div className="layer-view">
        <div>
          <Text fw={600} style={{ overflowWrap: "anywhere" }}>
            {layer.name}
          </Text>
          <Text size="sm" c="dimmed">
            {kind}, {layer.type}
          </Text>
          <dl className="facts" style={{ margin: "8px 0" }}>
            {facts.map(([label, value]) => (
              <div key={label} style={{ display: "contents" }}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          <Histogram layer={layer} />
        </div>
        {layer.image && (
          <div
            className="layer-image"
            tabIndex={0}
            role="region"
            aria-label={t("layers.image", { name: layer.name, kind })}
          >
            <img
              loading="lazy"
              decoding="async"
              src={layer.image}
              alt={t("layers.image", { name: layer.name, kind })}
            />
          </div>
        )}
      </div>
    </Card>
  );
}

function Histogram({ layer: { name, histogram } }: { layer: LayerView }) {
  const { t } = useText();
  const most = Math.max(1, ...histogram.counts);
  const low = significant(histogram.low, 3);
  const high = significant(histogram.high, 3);
  return (
    <figure className="histogram">
      <svg
        viewBox="0 0 200 60"
        role="img"
        aria-label={t("layers.histogram", { name, low, high })}
        preserveAspectRatio="none"
      >
        {histogram.counts.map((count, i) => {
          const height = (count / most) * 58;
          return <rect key={i} x={i * 10 + 0.5} y={60 - height} width={9} height={height} fill="currentColor" />;
        })}
      </svg>
      <figcaption>
        <span>{low}</span>
        <span>{high}</span>
      </figcaption>
    </figure>
  );
}
