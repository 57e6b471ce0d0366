import { Alert, Anchor, Button, Group, Radio, Select, Skeleton, Stack, Text, Textarea } from "@mantine/core";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { Link } from "react-router";
import type { Diagnostic, FormField, ModelCheck, ModelSpec, Network } from "../api/client";
import { useAllJobs, useFrameworks, useModel, useNetworks, usePretrained, useTask } from "../api/queries";
import { metric } from "../format/format";
import { judged } from "../format/judged";
import { DeclaredFields } from "../forms/declared_fields";
import { type FormState, Section, SegmentField, useFieldText } from "../forms/fields";
import { fields_by_path, type Typed } from "../forms/form_fields";
import { QueryProblem, useDebounced } from "../frame/page_states";
import { useNetworkTitles } from "../network/network_title";
import { NetworkView } from "../network/network_view";
import { unpaired_line } from "../network/prototxt";
import { useDescribe } from "../network/use_describe";
import { useText } from "../text/text";
import { AdaptButton } from "./adapt_button";
import { listed_findings } from "./findings";
import { FineTuneOffer } from "./fine_tune_offer";
import { defaults_of, type ModelForm, other_framework, type WeightsOfJob } from "./model_form";
import { PythonLayersField } from "./python_layers_field";
import { useSnapshotChoices } from "./snapshot_choices";
import { TransferPanel } from "./transfer_panel";
import "./editor.css";

const PrototxtEditor = lazy(() => import("./prototxt_editor"));

interface Props {
  form: FormState<ModelForm>;
  fields: FormField[];
  check: ModelCheck | undefined;
  spec: ModelSpec | null;
  /** The message at a place of the request. */
  error: (place: string) => string | undefined;
}

/** Where the network comes from: a standard one, an earlier or a pretrained model, or a text. */
export function NetworkSection({ form, fields, check, spec, error }: Props) {
  const { t } = useText();
  const { values } = form;
  const networks = useNetworks(values.dataset_id);
  const [drawn, set_drawn] = useState(false);
  const [go_to, set_go_to] = useState<{ line: number; column: number } | null>(null);
  const items = networks.data?.items ?? [];
  const faulty = useMemo(
    () => (check?.diagnostics ?? []).flatMap(({ line }) => (line === null ? [] : [line])),
    [check],
  );
  const custom = values.network === "custom";
  const text = custom
    ? values.prototxt
    : values.network === "standard"
      ? (items.find((item) => item.name === values.standard)?.prototxt ?? "")
      : (check?.network ?? "");
  const settled_text = useDebounced(text, 300);
  const described = useDescribe(check?.ok ? spec : null).found?.diagnostics ?? [];
  if (networks.error) return <QueryProblem error={networks.error} />;
  const graph = (
    <NetworkView
      text={settled_text}
      spec={spec}
      faulty={custom ? faulty : []}
      findings={false}
      on_line={custom ? (line) => set_go_to({ line, column: 1 }) : undefined}
    />
  );
  const edit = (prototxt: string, starts: WeightsOfJob[], more: Partial<ModelForm> = {}) =>
    form.change({ python_layers: "", ...more, network: "custom", prototxt, starts });
  const edit_checked = (prototxt: string, starts: WeightsOfJob[]) =>
    edit(prototxt, starts, { python_layers: check?.python_layers ?? "" });
  return (
    <Section title={t("section.network")}>
      <FineTuneOffer form={form} fields={fields} />
      <SegmentField
        form={form}
        name="network"
        label={t("field.network")}
        options={(["standard", "previous", "pretrained", "custom"] as const).map((value) => ({
          value,
          label: t(`network.${value}`),
        }))}
      />
      {values.network === "standard" && (
        <>
          <StandardNetworks form={form} items={items} waiting={networks.isPending} on_customize={edit} />
          {text !== "" && <TransferPanel text={text} form={form} />}
          <Starts form={form} />
        </>
      )}
      {values.network === "previous" && (
        <PreviousNetwork form={form} text={check?.network ?? null} on_customize={edit_checked} />
      )}
      {values.network === "pretrained" && (
        <PretrainedNetwork form={form} text={check?.network ?? null} on_customize={edit_checked} />
      )}
      {custom && <FrameworkFields form={form} fields={fields} error={error} />}
      {custom && !other_framework(values) && (
        <>
          <Text size="xs" c="dimmed">
            {t("network.custom.help")}
          </Text>
          <Starts form={form} />
          <div className={drawn ? "side-by-side" : undefined}>
            <Suspense fallback={<Skeleton height={300} />}>
              <PrototxtEditor
                label={t("network.text")}
                value={values.prototxt}
                on_change={(prototxt) => form.change({ prototxt })}
                faulty={faulty}
                go_to={go_to}
              />
            </Suspense>
            {drawn && graph}
          </div>
          {form.error("prototxt") && (
            <Text size="sm" c="red">
              {form.error("prototxt")}
            </Text>
          )}
          <PythonLayersField form={form} />
        </>
      )}
      <Renamed layers={check?.renamed ?? []} />
      <Group>
        <Button size="xs" variant="default" onClick={() => set_drawn(!drawn)} aria-expanded={drawn}>
          {t(drawn ? "network.hide_graph" : "network.visualize")}
        </Button>
        {custom && (
          <AdaptButton spec={spec} text={values.prototxt} on_adapt={(prototxt) => form.change({ prototxt })} />
        )}
      </Group>
      {drawn && !custom && graph}
      <Findings
        diagnostics={listed_findings(
          check?.diagnostics ?? [],
          check?.ok ? described : [],
          custom && unpaired_line(values.prototxt) !== null,
        )}
        dataset_id={values.dataset_id}
        on_go={custom ? ({ line, column }) => line !== null && set_go_to({ line, column: column ?? 1 }) : undefined}
      />
    </Section>
  );
}

/** What an own network is written for, where the server has a choice, and its text where that is not Caffe's. */
function FrameworkFields({ form, fields, error }: Pick<Props, "form" | "fields" | "error">) {
  const words = useFieldText();
  const frameworks = useFrameworks();
  const { others } = form.values;
  const declared = fields_by_path(fields);
  const [framework, text] = [declared.get("/network/framework"), declared.get("/network/text")];
  const change = (part: Typed) => form.change({ others: { ...others, ...part } });
  if (!framework || (frameworks.length < 2 && !other_framework(form.values))) return null;
  return (
    <>
      <DeclaredFields
        fields={[framework]}
        typed={others}
        change={change}
        error={(path) => error(`/spec${path}`)}
        options={{
          "/network/framework": frameworks.map(({ name, title }) => ({ value: name, label: title })),
        }}
      />
      {text && other_framework(form.values) && (
        <Textarea
          name={text.path}
          label={words.label(text)}
          description={words.help(text)}
          autosize
          minRows={8}
          maxRows={24}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={others[text.path] ?? ""}
          error={error(`/spec${text.path}`)}
          onChange={(event) => change({ [text.path]: event.currentTarget.value })}
        />
      )}
    </>
  );
}

type Customize = (prototxt: string, starts: WeightsOfJob[], more?: Partial<ModelForm>) => void;

function StandardNetworks({
  form,
  items,
  waiting,
  on_customize,
}: {
  form: FormState<ModelForm>;
  items: Network[];
  waiting: boolean;
  on_customize: Customize;
}) {
  const { t, translated, known_text } = useText();
  const network_title = useNetworkTitles();
  const { values } = form;
  const task = useTask(values.dataset_id) ?? "";
  const choose = (name: string) => {
    const network = items.find((item) => item.name === name);
    form.change({ ...defaults_of(network, values.others), dataset_id: values.dataset_id, standard: name });
  };
  // Another dataset may be for another task, with networks of its own.
  const missing = items.length > 0 && !items.some(({ name }) => name === values.standard);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each list of networks
  useEffect(() => {
    if (missing) choose(items[0]!.name);
  }, [missing, items]);
  return (
    <Radio.Group
      value={values.standard}
      onChange={choose}
      aria-label={t("network.standard")}
      error={form.error("standard")}
    >
      <Stack gap="sm">
        {waiting && <Skeleton height={80} />}
        {!waiting && items.length === 0 && (
          <Text size="sm">{t("network.none_for_task", { task: translated(`task.${task}`) ?? task })}</Text>
        )}
        {items.map((network) => (
          <Group key={network.name} justify="space-between" align="flex-start" wrap="nowrap">
            <Radio
              value={network.name}
              label={network_title(network.name, network.title)}
              description={[
                known_text(`standard.${network.name}`) ?? network.text,
                network.image &&
                  t("network.made_for", {
                    size: `${network.image.width} × ${network.image.height}`,
                    colour: t(network.image.channels === 1 ? "channels.1" : "channels.3"),
                  }),
              ]
                .filter(Boolean)
                .join(" · ")}
            />
            <Button
              size="compact-xs"
              variant="default"
              flex="none"
              onClick={() =>
                on_customize(network.prototxt, [], {
                  ...defaults_of(network, values.others),
                  dataset_id: values.dataset_id,
                })
              }
              aria-label={`${t("network.customize")}: ${network_title(network.name, network.title)}`}
            >
              {t("network.customize")}
            </Button>
          </Group>
        ))}
      </Stack>
    </Radio.Group>
  );
}

interface StartProps {
  form: FormState<ModelForm>;
  /** The network's text as the server would train it. */
  text: string | null;
  on_customize: Customize;
}

function PreviousNetwork({ form, text, on_customize }: StartProps) {
  const { t } = useText();
  const { jobs } = useAllJobs("model");
  const { previous, previous_snapshot } = form.values;
  const model = useModel(previous, previous !== "");
  const options = jobs.map((job) => {
    const judge = judged(job.best);
    const shown = judge && judge.name !== "loss" ? `${job.name} (${metric(judge.name, judge.value)})` : job.name;
    return { value: job.id, label: shown };
  });
  const snapshots = model.data?.snapshots ?? [];
  const known = useSnapshotChoices(snapshots);
  const choices = [...(snapshots.length > 0 ? known : []), { value: "none", label: t("previous.anew") }];
  const snapshot = choices.some(({ value }) => value === previous_snapshot) ? previous_snapshot : "none";
  return (
    <Stack gap="sm">
      <Select
        name="previous"
        label={t("kind.model")}
        description={t("previous.help")}
        placeholder={t("previous.choose")}
        searchable
        limit={200}
        data={options}
        value={previous === "" ? null : previous}
        error={form.error("previous")}
        onChange={(value) => form.change({ previous: value ?? "", previous_snapshot: "best" })}
        nothingFoundMessage={t("list.none_found")}
      />
      {model.data && (
        <Group align="flex-end" gap="sm">
          <Select
            name="previous_snapshot"
            label={t("previous.weights")}
            allowDeselect={false}
            data={choices}
            value={snapshot}
            onChange={(value) => form.change({ previous_snapshot: value ?? "none" })}
          />
          <CustomizeButton
            text={text}
            on_click={(prototxt) => on_customize(prototxt, snapshot === "none" ? [] : [{ model: previous, snapshot }])}
          />
        </Group>
      )}
    </Stack>
  );
}

function PretrainedNetwork({ form, text, on_customize }: StartProps) {
  const { t, whole } = useText();
  const { jobs, loaded } = useAllJobs("pretrained");
  const { pretrained } = form.values;
  const facts = usePretrained(pretrained, pretrained !== "").data?.pretrained;
  const options = jobs
    .filter((job) => job.state === "done" || job.id === pretrained)
    .map((job) => ({ value: job.id, label: job.name }));
  return (
    <Stack gap="sm">
      <Select
        name="pretrained"
        label={t("kind.pretrained")}
        description={t("pretrained.help")}
        placeholder={t("pretrained.choose_one")}
        searchable
        limit={200}
        data={options}
        value={pretrained === "" ? null : pretrained}
        error={form.error("pretrained")}
        onChange={(value) => form.change({ pretrained: value ?? "" })}
        nothingFoundMessage={t("list.none_found")}
      />
      {loaded && options.length === 0 && (
        <Anchor component={Link} to="/?kind=pretrained" size="sm">
          {t("pretrained.none_yet")}
        </Anchor>
      )}
      {facts && (
        <Group gap="sm">
          <Text size="sm" c="dimmed">
            {[
              facts.network,
              t("pretrained.in_words", { parameters: whole(facts.parameters), n: facts.classes }),
              facts.image.width > 0 && `${facts.image.width} × ${facts.image.height}`,
            ]
              .filter(Boolean)
              .join(" · ")}
          </Text>
          <CustomizeButton text={text} on_click={(prototxt) => on_customize(prototxt, [{ pretrained }])} />
        </Group>
      )}
    </Stack>
  );
}

function CustomizeButton({ text, on_click }: { text: string | null; on_click: (text: string) => void }) {
  const { t } = useText();
  return (
    <Button size="xs" variant="default" disabled={text === null} onClick={() => text !== null && on_click(text)}>
      {t("network.customize")}
    </Button>
  );
}

/** The jobs whose weights an edited network keeps. */
function Starts({ form }: { form: FormState<ModelForm> }) {
  const { t } = useText();
  const models = useAllJobs("model").jobs;
  const pretrained = useAllJobs("pretrained").jobs;
  const { starts, network } = form.values;
  const used = starts.filter(({ transfer }) => transfer || network === "custom");
  if (used.length === 0) return null;
  const name_of = (one: WeightsOfJob) => {
    const id = one.pretrained ?? one.model ?? "";
    const name = [...models, ...pretrained].find((job) => job.id === id)?.name ?? id;
    if (one.snapshot === undefined) return name;
    const word =
      one.snapshot === "best"
        ? t("snapshot.best")
        : one.snapshot === "last"
          ? t("snapshot.last")
          : `${t("axis.iteration")} ${one.snapshot}`;
    return `${name} (${word})`;
  };
  return (
    <Stack gap={4} data-testid="starts">
      <Text size="sm" fw={500}>
        {t("field.weights")}
      </Text>
      {used.map((one) => (
        <Group key={JSON.stringify(one)} gap="xs">
          <Text size="sm">{name_of(one)}</Text>
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            aria-label={`${t("starts.remove")}: ${name_of(one)}`}
            onClick={() => form.change({ starts: starts.filter((other) => other !== one) })}
          >
            {t("starts.remove")}
          </Button>
        </Group>
      ))}
      {form.error("starts") && (
        <Text size="sm" c="red">
          {form.error("starts")}
        </Text>
      )}
    </Stack>
  );
}

/** Which layers do not keep their weights, and why. */
export function Renamed({ layers }: { layers: string[] }) {
  const { t, listed } = useText();
  if (layers.length === 0) return null;
  return (
    <Text size="sm" data-testid="renamed">
      {t("start.renamed", { n: layers.length, layers: listed(layers) })}
    </Text>
  );
}

function Findings({
  diagnostics,
  dataset_id,
  on_go,
}: {
  diagnostics: Diagnostic[];
  dataset_id: string;
  on_go?: (diagnostic: Diagnostic) => void;
}) {
  const { t, said } = useText();
  return (
    <Stack gap="xs" data-testid="findings">
      {diagnostics.map((diagnostic) => (
        <Alert
          key={`${diagnostic.line}:${diagnostic.column}:${diagnostic.message}`}
          data-tone={diagnostic.severity}
          data-testid={diagnostic.severity === "error" ? "network-fault" : undefined}
          py="xs"
        >
          <Text size="sm">
            {diagnostic.line !== null && on_go ? (
              <Anchor component="button" type="button" size="sm" onClick={() => on_go(diagnostic)}>
                {t("network.line", { line: String(diagnostic.line), column: String(diagnostic.column ?? 1) })}
              </Anchor>
            ) : null}{" "}
            {said(diagnostic.message)}
          </Text>
          {diagnostic.advice && (
            <Text size="sm" fw={600}>
              {said(diagnostic.advice)}
            </Text>
          )}
          {diagnostic.needs_side !== null && dataset_id !== "" && (
            <Button
              component={Link}
              to={`/datasets/new?clone=${dataset_id}&side=${diagnostic.needs_side}`}
              size="compact-xs"
              variant="default"
              mt={4}
            >
              {t("network.recreate", { side: String(diagnostic.needs_side) })}
            </Button>
          )}
        </Alert>
      ))}
    </Stack>
  );
}
