import {
  Anchor,
  Button,
  Card,
  Group,
  Loader,
  Select,
  Skeleton,
  Stack,
  Switch,
  Text,
  Textarea,
  Title,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useIsMutating, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useMemo, useRef } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { answer, client, type FormField, type Job, type ModelCheck, ProblemError } from "../api/client";
import { useAllJobs, useDataset, useModelCheck, useNetworks, useSystem, useTask } from "../api/queries";
import { significant } from "../format/format";
import { DeclaredFields } from "../forms/declared_fields";
import { useDraft } from "../forms/draft";
import { field_errors } from "../forms/field_errors";
import {
  ChoiceField,
  FieldErrorList,
  Folded,
  type FormState,
  NumberField,
  Row,
  Section,
  SectionList,
  TextField,
  useFieldText,
} from "../forms/fields";
import { FormActions } from "../forms/form_actions";
import { fields_by_path, matters, useFormFields } from "../forms/form_fields";
import { BrowseButton } from "../forms/path_field";
import { useShownError } from "../forms/use_shown_error";
import { ProblemAlert, useDebounced, useTitle } from "../frame/page_states";
import { useNetworkTitles } from "../network/network_title";
import { useText } from "../text/text";
import { AugmentationSection } from "./augmentation_section";
import { fine_tune_key } from "./fine_tune_offer";
import { type LrPolicy, lr_numbers } from "./lr_policy";
import { LrPreview } from "./lr_preview";
import {
  device_choices,
  empty_model_form,
  form_of_model,
  has_network,
  lr_options,
  type ModelForm,
  model_places,
  model_spec,
  other_model_fields,
  policy_defaults,
  sources_of,
  without_sources,
} from "./model_form";
import { NetworkEstimate } from "./network_estimate";
import { NetworkSection, Renamed } from "./network_section";
import { most_jobs, sweep_of } from "./sweep";

export function NewModelPage() {
  const fields = useFormFields("model");
  return fields ? <ModelFormPage fields={fields} /> : <Skeleton height={400} />;
}

function ModelFormPage({ fields }: { fields: FormField[] }) {
  const { t, translated, said_problem } = useText();
  const empty = useMemo(() => empty_model_form(fields), [fields]);
  const [values, change, clear] = useDraft<ModelForm>("digits.draft.model", empty);
  const task = useTask(values.dataset_id);
  const navigate = useNavigate();
  const queries = useQueryClient();
  useTitle(t("model.new"));
  useAddress(change, fields);

  const suggestion = useSuggestedName(values);
  const sweep = useMemo(
    () => sweep_of(values.name.trim() === "" ? { ...values, name: suggestion } : values),
    [values, suggestion],
  );
  const spec = useMemo(() => model_spec(sweep[0] ?? values, fields), [sweep, values, fields]);
  const settled = useDebounced(spec, 500);
  // Before its networks are there, the standard one may be for another task.
  const networks = useNetworks(values.dataset_id).data?.items;
  const ready = has_network(values, networks);
  const check = useModelCheck(ready ? settled : null);
  // What is shown belongs to what was typed before.
  const stale = settled !== spec || check.isPlaceholderData;
  // What was made before one was refused is not made again.
  const made = useRef(new Set<string>());
  const create = useMutation({
    mutationFn: async () => {
      let last: Job | null = null;
      for (const one of sweep) {
        const body = { name: one.name.trim(), group: one.group.trim(), spec: model_spec(one, fields) };
        const key = JSON.stringify(body);
        if (sweep.length > 1 && made.current.has(key)) continue;
        last = await answer(client.POST("/models", { body }));
        made.current.add(key);
      }
      return last;
    },
    onSuccess: (job) => {
      const group = sweep[0]?.group.trim() ?? "";
      clear();
      void queries.invalidateQueries({ queryKey: ["running"] });
      if (sweep.length > 1) {
        notifications.show({
          message: t("sweep.made", { n: sweep.length }),
          closeButtonProps: { "aria-label": t("action.close") },
        });
        navigate(`/?kind=model&q=${encodeURIComponent(group)}`);
      } else if (job) navigate(`/models/${job.id}`);
    },
  });

  // A click on Train before they are here would train what was chosen before.
  const weights_come = useIsMutating({ mutationKey: fine_tune_key }) > 0;
  const devices = device_choices(useSystem().data?.devices ?? [], t);
  const others = other_model_fields(fields);
  const more = others
    .filter((field) => matters(field, spec) && !field.path.startsWith("/network/"))
    .filter((field) => field.path !== "/device" || devices.length > 2 || values.others["/device"]);
  const typed = Object.fromEntries([
    ...Object.entries(model_places).map(([name, place]) => [place, String(values[name as keyof ModelForm])]),
    ...others.map(({ path }) => [`/spec${path}`, values.others[path] ?? ""]),
  ]);
  const refused = create.error ?? (ready ? check.error : null);
  const errors = field_errors(refused instanceof ProblemError ? said_problem(refused.problem) : null, typed);
  const declared = useMemo(() => fields_by_path(fields), [fields]);
  const form: FormState<ModelForm> = {
    field: (name) => declared.get((model_places[name] ?? "").replace(/^\/spec/, "")),
    values,
    change: (part) => {
      if (create.error) create.reset();
      change(part);
    },
    error: (name) => errors.at[model_places[name] ?? ""],
  };
  const page = useShownError(create.error);

  return (
    <form
      ref={page}
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Title order={1} mb="md">
        {translated(`model.new_${task ?? "classification"}`) ?? t("model.new")}
      </Title>
      <div className="form-page">
        <SectionList />
        <div className="form-sections">
          <Section title={t("section.name")}>
            <Row>
              <TextField
                form={form}
                name="name"
                label={t("field.name")}
                help={t("model.name.help")}
                placeholder={suggestion}
              />
              <TextField form={form} name="group" label={t("field.group")} help={t("field.group.help")} />
            </Row>
          </Section>
          <Section title={t("kind.dataset")}>
            <DatasetField form={form} />
          </Section>
          <NetworkSection
            form={form}
            fields={fields}
            check={ready ? check.data : undefined}
            spec={ready ? settled : null}
            error={(place) => errors.at[place]}
          />
          <SolverSection
            form={form}
            fields={fields}
            more={more}
            devices={devices}
            error={(place) => errors.at[place]}
          />
          <DataSection form={form} />
        </div>
        <div className="side">
          <Card withBorder padding="md">
            <Stack gap="sm">
              <FormActions
                label={sweep.length > 1 ? t("model.create_many", { n: sweep.length }) : t("model.create")}
                loading={create.isPending}
                disabled={sweep.length > most_jobs || weights_come}
              />
              {errors.rest && <ProblemAlert problem={errors.rest} />}
              <FieldErrorList errors={errors} />
              {sweep.length > most_jobs && (
                <Text size="sm" c="red" role="alert">
                  {t("model.too_many", { n: sweep.length, most: most_jobs })}
                </Text>
              )}
              <Title order={2}>{t("summary.title")}</Title>
              <Summary values={values} check={ready ? check.data : undefined} stale={stale} />
              <NetworkEstimate
                spec={ready ? settled : null}
                valid={check.data?.ok === true}
                stale={stale}
                change_batch_size={(field, size) => form.change({ [field]: String(size) })}
              />
              <Button variant="subtle" color="gray" size="xs" onClick={clear}>
                {t("form.start_over")}
              </Button>
            </Stack>
          </Card>
        </div>
      </div>
    </form>
  );
}

/**
 * `?dataset=ID` and `?pretrained=ID` choose one, `?clone=ID` fills the form with another model's choices, once; with
 * `&base_lr=NUMBER` at this learning rate.
 */
function useAddress(change: (part: Partial<ModelForm>) => void, fields: FormField[]) {
  const { t } = useText();
  const [params, set_params] = useSearchParams();
  const dataset = params.get("dataset");
  const pretrained = params.get("pretrained");
  const id = params.get("clone");
  const base_lr = params.get("base_lr");
  const original = useQuery({
    queryKey: ["clone", id],
    enabled: id !== null,
    queryFn: async () => {
      const job = await answer(client.GET("/jobs/{id}", { params: { path: { id: id! } } }));
      const spec = (job.spec ?? {}) as Record<string, unknown>;
      const gone = new Set<string>();
      for (const source of sources_of(spec)) {
        const found = await client.GET("/jobs/{id}", { params: { path: { id: source } } });
        if (found.response.status === 404) gone.add(source);
      }
      return { ...job, spec: without_sources(spec, gone) };
    },
  });
  useEffect(() => {
    if (!pretrained) return;
    change({ network: "pretrained", pretrained });
    set_params({}, { replace: true });
  }, [pretrained, change, set_params]);
  useEffect(() => {
    if (!dataset) return;
    change({ dataset_id: dataset });
    set_params({}, { replace: true });
  }, [dataset, change, set_params]);
  useEffect(() => {
    if (!original.data) return;
    const { name, group, spec } = original.data;
    const form = form_of_model(t("clone.name", { name }), group, spec, fields);
    change(base_lr === null ? form : { ...form, base_lr });
    set_params({}, { replace: true });
  }, [original.data, base_lr, change, set_params, t, fields]);
}

/** `LeNet on MNIST`, once both are chosen. */
function useSuggestedName(values: ModelForm): string {
  const { t } = useText();
  const network_title = useNetworkTitles();
  const networks = useNetworks(values.dataset_id).data?.items ?? [];
  const dataset = useDataset(values.dataset_id, values.dataset_id !== "").data?.job.name;
  const standard = networks.find(({ name }) => name === values.standard);
  const network =
    values.network === "standard"
      ? standard && network_title(standard.name, standard.title)
      : t(`network.${values.network}`);
  return dataset && network ? t("model.suggested_name", { network, dataset }) : "";
}

function DatasetField({ form }: { form: FormState<ModelForm> }) {
  const { t, whole } = useText();
  const datasets = useAllJobs("dataset");
  const id = form.values.dataset_id;
  const chosen = useDataset(id, id !== "");
  const jobs = datasets.jobs;
  const options = jobs
    .filter(
      (job) =>
        job.id === id || job.state === "done" || job.state === "run" || job.state === "wait" || job.state === "init",
    )
    .map((job) => ({
      value: job.id,
      label: job.state === "done" ? job.name : `${job.name} (${t(`state.${job.state}`)})`,
    }));
  if (id !== "" && !options.some((option) => option.value === id))
    options.unshift({ value: id, label: chosen.data?.job.name ?? id });
  const facts = chosen.data?.dataset;
  return (
    <Stack gap="xs">
      <Select
        name="dataset_id"
        label={t("kind.dataset")}
        description={t("field.dataset.help")}
        placeholder={t("field.dataset.choose")}
        withAsterisk
        searchable
        data={options}
        value={id === "" ? null : id}
        error={form.error("dataset_id")}
        onChange={(value) => form.change({ dataset_id: value ?? "" })}
        nothingFoundMessage={t("list.none_found")}
      />
      {facts && (
        <Text size="sm" c="dimmed">
          {t(facts.labels.length > 0 ? "dataset.in_words" : "dataset.in_words_no_classes", {
            train: whole(facts.splits.train?.count ?? 0),
            val: whole(facts.splits.val?.count ?? 0),
            classes: facts.labels.length,
            size: `${facts.image.width} × ${facts.image.height}`,
            colour: t(facts.image.channels === 1 ? "channels.1" : "channels.3"),
          })}
        </Text>
      )}
      {facts && <ClassWeightsOffer form={form} counts={facts.splits.train?.per_class ?? []} />}
      {jobs.length === 0 && datasets.loaded && (
        <Anchor component={Link} to="/datasets/new" size="sm">
          {t("dataset.new")}
        </Anchor>
      )}
    </Stack>
  );
}

interface SolverProps {
  form: FormState<ModelForm>;
  /** All of a model. */
  fields: FormField[];
  /** Fields without a place of their own. */
  more: FormField[];
  devices: ReturnType<typeof device_choices>;
  error: (place: string) => string | undefined;
}

/** Those that the page draws itself. */
const folded_fields = ["momentum", "weight_decay", "rms_decay", "seed", "threads", "precision", "weights"] as const;

function SolverSection({ form, fields, more, devices, error }: SolverProps) {
  const { t, listed } = useText();
  const { values } = form;
  const text = useFieldText();
  const policy = form.field("policy");
  const weights = form.field("weights");
  const used = lr_numbers[values.policy];
  const usual_decay = form.field("rms_decay")?.default_by?.values[values.solver];
  const choose_policy = (policy: string) =>
    form.change({ ...policy_defaults(fields, policy as LrPolicy), policy: policy as LrPolicy });
  return (
    <Section title={t("section.solver")}>
      <Row>
        <NumberField form={form} name="epochs" />
        <NumberField form={form} name="snapshot_interval" />
        <NumberField form={form} name="val_interval" />
      </Row>
      <Row>
        <ChoiceField form={form} name="solver" />
        <TextField form={form} name="base_lr" />
      </Row>
      <Row>
        <Stack gap="md">
          <Select
            name="policy"
            label={text.label_of(policy)}
            description={t(`policy.${values.policy}.help`)}
            data={text.choices(policy)}
            allowDeselect={false}
            value={values.policy}
            error={form.error("policy")}
            onChange={(value) => value && choose_policy(value)}
          />
          {used.includes("step_percent") && (
            <NumberField
              form={form}
              name="step_percent"
              label={values.policy === "sigmoid" ? t("field.sigmoid_step") : undefined}
            />
          )}
          {used.includes("steps_percent") && <TextField form={form} name="steps_percent" />}
          {used.includes("gamma") && <NumberField form={form} name="gamma" step={0.05} />}
          {used.includes("power") && <NumberField form={form} name="power" step={0.5} />}
        </Stack>
        <LrPreview options={lr_options(sweep_of(values)[0] ?? values)} epochs={Number(values.epochs)} />
      </Row>
      <Folded
        faulty={
          more.some(({ path }) => error(`/spec${path}`) !== undefined) ||
          folded_fields.some((name) => form.error(name) !== undefined)
        }
        title={t("section.solver_more")}
        values={listed([
          `${text.label_of(form.field("momentum"))} ${values.momentum || t("field.by_rule")}`,
          `${text.label_of(form.field("weight_decay"))} ${values.weight_decay || t("field.by_rule")}`,
          `${text.label_of(form.field("seed"))} ${values.seed || t("field.random")}`,
        ])}
      >
        <Row>
          <NumberField form={form} name="momentum" placeholder={t("field.by_rule")} step={0.1} />
          <NumberField form={form} name="weight_decay" placeholder={t("field.by_rule")} step={0.0001} />
          {usual_decay !== undefined && <NumberField form={form} name="rms_decay" placeholder={String(usual_decay)} />}
        </Row>
        <Row>
          <NumberField form={form} name="seed" placeholder={t("field.random")} />
          <NumberField form={form} name="threads" placeholder={t("field.all_cores")} min={1} />
          <ChoiceField form={form} name="precision" />
          <DeclaredFields
            fields={more}
            typed={values.others}
            change={(part) => form.change({ others: { ...values.others, ...part } })}
            error={(path) => error(`/spec${path}`)}
            options={{ "/device": devices }}
          />
        </Row>
        <div className="path-row">
          <Textarea
            name="weights"
            label={text.label_of(weights)}
            description={t("field.weights.help")}
            placeholder="/data/start.caffemodel"
            autosize
            minRows={1}
            spellCheck={false}
            value={values.weights}
            error={form.error("weights")}
            onChange={(event) => form.change({ weights: event.currentTarget.value })}
          />
          <BrowseButton
            kind="file"
            label={text.label_of(weights)}
            accept={/\.(caffemodel|h5)$/i}
            value={values.weights.trim().split("\n").at(-1) ?? ""}
            on_choose={(path) => form.change({ weights: [values.weights.trim(), path].filter(Boolean).join("\n") })}
          />
        </div>
      </Folded>
    </Section>
  );
}

function DataSection({ form }: { form: FormState<ModelForm> }) {
  const { t } = useText();
  return (
    <Section title={t("section.data")}>
      <Row>
        <TextField form={form} name="batch_size" placeholder={t("field.network_choice")} />
        <NumberField form={form} name="val_batch_size" placeholder={t("field.network_choice")} />
        <NumberField form={form} name="batch_accumulation" />
      </Row>
      <Row>
        <ChoiceField form={form} name="mean" />
        <NumberField form={form} name="crop_size" placeholder={t("field.network_choice")} />
      </Row>
      <AugmentationSection form={form} />
    </Section>
  );
}

interface SummaryProps {
  values: ModelForm;
  check: ModelCheck | undefined;
  /** The check is of what was typed before. */
  stale: boolean;
}

function Summary({ values, check, stale }: SummaryProps) {
  const { t, whole } = useText();
  const network_title = useNetworkTitles();
  const offered = useNetworks(values.dataset_id).data?.items.some(({ name }) => name === values.standard) ?? false;
  const standard = offered ? network_title(values.standard) : "–";
  const dataset = useDataset(values.dataset_id, values.dataset_id !== "").data;
  const train = dataset?.dataset?.splits.train?.count;
  const batch = solver_number(check?.train_val, "batch_size") ?? Number(values.batch_size.split(",")[0]);
  const rounds = batch * Math.max(1, Number(values.batch_accumulation) || 1);
  const iterations =
    solver_number(check?.solver, "max_iter") ??
    (train && rounds > 0 ? Math.ceil(train / rounds) * Number(values.epochs) : null);
  const errors = check?.diagnostics.filter((diagnostic) => diagnostic.severity === "error").length ?? 0;
  const rows: [string, string][] = [
    [t("kind.dataset"), dataset?.job.name ?? "–"],
    [t("section.network"), values.network === "standard" ? standard : t(`network.${values.network}`)],
    [t("field.epochs"), values.epochs],
  ];
  if (iterations) rows.push([t("field.iterations"), check && stale ? "…" : whole(iterations)]);
  if (train && Number(values.epochs) > 0) rows.push([t("summary.samples_seen"), whole(train * Number(values.epochs))]);
  return (
    <Stack gap="xs">
      <dl className="facts">
        {rows.map(([label, value]) => (
          <div key={label} style={{ display: "contents" }}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Renamed layers={check?.renamed ?? []} />
      {check && stale && (
        <Group gap="xs">
          <Loader size="xs" />
          <Text size="sm">{t("summary.checking")}</Text>
        </Group>
      )}
      {check && !stale && (
        <Text size="sm" c={errors > 0 ? "red" : undefined} data-testid="check">
          {errors > 0 ? `✕ ${t("network.faulty", { n: errors })}` : `✓ ${t("network.valid")}`}
        </Text>
      )}
    </Stack>
  );
}

/** A number of a prototxt, where it stands first. */
function solver_number(text: string | null | undefined, name: string): number | null {
  const found = text?.match(new RegExp(`\\b${name}:\\s*(\\d+)`));
  return found ? Number(found[1]) : null;
}

/** From which ratio of the largest to the smallest class on weights are offered. */
const uneven = 2;

function ClassWeightsOffer({ form, counts }: { form: FormState<ModelForm>; counts: number[] }) {
  const { t } = useText();
  const ratio = Math.max(...counts) / Math.min(...counts.filter((count) => count > 0));
  const weighs = form.values.others["/class_weights"] === "balanced";
  if (!(ratio >= uneven)) return null;
  const change = () =>
    form.change({ others: { ...form.values.others, "/class_weights": weighs ? "none" : "balanced" } });
  return (
    <Switch
      size="sm"
      label={t("model.weigh_classes", { ratio: significant(ratio, 2) })}
      checked={weighs}
      onChange={change}
      data-testid="weigh-classes"
    />
  );
}
