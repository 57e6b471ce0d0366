import { Anchor, Button, Card, Group, Loader, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef } from "react";
import { Link } from "react-router";
import { answer, client, type DatasetScan, type DatasetSpec, type ModelSpec, ProblemError } from "../api/client";
import { networks_query, useScan } from "../api/queries";
import { name_of_path } from "../datasets/dataset_form";
import { ScanSummary } from "../datasets/scan_summary";
import { significant } from "../format/format";
import { useDraft } from "../forms/draft";
import { FormActions } from "../forms/form_actions";
import { ProblemAlert, QueryProblem } from "../frame/page_states";
import { useNetworkTitles } from "../network/network_title";
import { useEstimate } from "../network/use_describe";
import { useText } from "../text/text";
import {
  type Course,
  measured_model,
  start_training,
  type TrainingPlan,
  test_split,
  training_seconds,
} from "./start_training";

interface Props {
  folder: string;
  /** What the folder was called where it came from; empty: as its path says. */
  name: string;
  on_started: (course: Course) => void;
}

/** What the server would make of a folder, why, and one button that does it. */
export function Proposal({ folder, name, on_started }: Props) {
  const { t } = useText();
  const plan = useQuery({
    queryKey: ["propose", folder],
    retry: false,
    staleTime: 60_000,
    queryFn: ({ signal }) => answer(client.POST("/datasets/propose", { body: { folder }, signal })),
  });
  return (
    <>
      <Title order={1}>{t("train.title")}</Title>
      <Text c="dimmed" mt={4} mb="md" style={{ overflowWrap: "anywhere" }}>
        {folder} ·{" "}
        <Anchor component={Link} to="/train" size="sm">
          {t("train.other")}
        </Anchor>
      </Text>
      {plan.data ? (
        <Proposed plan={plan.data} folder={folder} name={name} on_started={on_started} />
      ) : plan.error ? (
        <Stack gap="md" maw={720}>
          <QueryProblem error={plan.error} />
          <Group>
            <Button component={Link} to={form_address(folder)} variant="default">
              {t("train.by_form")}
            </Button>
          </Group>
        </Stack>
      ) : (
        <Group gap="xs" role="status">
          <Loader size="xs" />
          <Text size="sm">{t("train.looking")}</Text>
        </Group>
      )}
    </>
  );
}

function form_address(folder: string): string {
  return `/datasets/new?folder=${encodeURIComponent(folder)}`;
}

const unnamed = { name: "" };

function Proposed({ plan, folder, name, on_started }: Props & { plan: TrainingPlan }) {
  const { t, said, translated } = useText();
  const queries = useQueryClient();
  const suggestion = name_of_path(name || folder);
  const [{ name: typed }, change, clear] = useDraft(`digits.draft.train.${folder}`, unnamed);
  const scan = useScan(plan.dataset as DatasetSpec);
  const network = useNetworkTitle(plan);
  const made = useRef({});
  const start = useMutation({
    mutationFn: (scanned: DatasetScan) => {
      const dataset_name = typed.trim() || suggestion;
      return start_training(
        {
          plan,
          dataset_name,
          model_name: t("model.suggested_name", { network, dataset: dataset_name }),
          split: test_split(scanned.splits),
        },
        made.current,
      );
    },
    onSuccess: (course) => {
      clear();
      void queries.invalidateQueries({ queryKey: ["running"] });
      on_started(course);
    },
  });
  return (
    <form
      className="with-side"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (scan.data) start.mutate(scan.data);
      }}
    >
      <section className="card form-section" data-testid="proposal">
        <Title order={2}>
          {t("train.recognized", { format: said(plan.format), task: translated(`task.${plan.task}`) ?? plan.task })}
        </Title>
        <Settings plan={plan} network={network} />
        <h3 className="card-title">{t("train.why")}</h3>
        <ul className="reasons">
          {plan.reasons.map((reason) => (
            <li key={reason}>{said(reason)}</li>
          ))}
        </ul>
      </section>
      <div className="side">
        <Card withBorder padding="md">
          <Stack gap="sm">
            <TextInput
              name="name"
              label={t("field.name")}
              placeholder={suggestion}
              maxLength={150}
              spellCheck={false}
              autoComplete="off"
              value={typed}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            <Expected plan={plan} scan={scan.data} />
            <FormActions label={t("train.start")} loading={start.isPending} disabled={!scan.data} />
            {start.error instanceof ProblemError && <ProblemAlert problem={start.error.problem} />}
            <ScanSummary scan={scan.data} stale={false} asked busy={scan.isFetching} failed={Boolean(scan.error)} />
            {scan.error instanceof ProblemError && <ProblemAlert problem={scan.error.problem} />}
            <Button component={Link} to={form_address(folder)} variant="subtle" color="gray" size="xs">
              {t("train.by_form")}
            </Button>
          </Stack>
        </Card>
      </div>
    </form>
  );
}

/** How long the training takes on this machine, and what it is tested with. */
function Expected({ plan, scan }: { plan: TrainingPlan; scan: DatasetScan | undefined }) {
  const { t, duration, known_text } = useText();
  const asked = scan ? measured_model(plan, scan.labels.length) : null;
  const estimate = useEstimate(asked?.spec ?? null, asked ?? undefined);
  if (!scan) return null;
  const seconds = training_seconds(plan, scan, estimate.data?.time?.images_per_s);
  const [low, high] = [seconds && duration(seconds.low), seconds && duration(seconds.high)];
  const split = test_split(scan.splits);
  return (
    <dl className="facts" data-testid="expected">
      {asked && (
        <>
          <dt>{t("estimate.time")}</dt>
          <dd>
            {estimate.isFetching ? (
              <Loader size={12} role="img" aria-label={t("estimate.measuring")} />
            ) : low && high ? (
              low === high ? (
                low
              ) : (
                t("estimate.span", { low, high })
              )
            ) : (
              "–"
            )}
          </dd>
        </>
      )}
      <dt>{t("train.tests_with")}</dt>
      <dd>{known_text(`split.${split}`) ?? split}</dd>
    </dl>
  );
}

/** What the network is called. */
function useNetworkTitle(plan: TrainingPlan): string {
  const network_title = useNetworkTitles();
  const networks = useQuery(networks_query(plan.task)).data?.items ?? [];
  const standard = ((plan.model as Partial<ModelSpec>).network as { standard?: string } | undefined)?.standard ?? "";
  const found = networks.find(({ name }) => name === standard);
  return found ? network_title(found.name, found.title) : (plan.pretrained?.name ?? standard);
}

function Settings({ plan, network }: { plan: TrainingPlan; network: string }) {
  const { t, known_text } = useText();
  const { image } = plan.dataset as DatasetSpec;
  const { epochs, solver } = plan.model as Partial<ModelSpec>;
  const words = (kind: string, word: string | undefined) => (word ? (known_text(`${kind}.${word}`) ?? word) : "–");
  const rows: [string, string][] = [
    [
      t("dataset.size"),
      `${image?.width} × ${image?.height}, ${t(image?.channels === 1 ? "channels.1" : "channels.3")}`,
    ],
    [t("train.resize"), words("resize", image?.resize)],
    [t("field.network"), network],
    [t("train.start_from"), t(plan.pretrained ? "train.pretrained" : "train.random")],
    [t("field.epochs"), String(epochs ?? "–")],
    [t("train.solver"), solver?.type ?? "SGD"],
    [t("field.base_lr"), significant(solver?.base_lr ?? 0.01)],
  ];
  return (
    <dl className="facts settings">
      {rows.map(([label, value]) => (
        <div key={label} style={{ display: "contents" }}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
