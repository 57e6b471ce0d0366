import { Button, Card, Group, Radio, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useMemo } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { answer, client, type DatasetSpec, type FormField, ProblemError } from "../api/client";
import { useScan } from "../api/queries";
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
  SegmentField,
  SwitchField,
  TextField,
} from "../forms/fields";
import { FormActions } from "../forms/form_actions";
import { fields_by_path, matters, type Typed, useFormFields } from "../forms/form_fields";
import { useShownError } from "../forms/use_shown_error";
import { ProblemAlert, useDebounced, useTitle } from "../frame/page_states";
import { useText } from "../text/text";
import { CropFields } from "./crop_fields";
import {
  can_scan,
  type DatasetForm,
  dataset_places,
  dataset_spec,
  dataset_tasks,
  empty_dataset_form,
  form_of_dataset,
  other_dataset_fields,
  other_source,
  sources_for,
  suggested_name,
  task_of,
} from "./dataset_form";
import { DatasetReportPart, useDatasetReport } from "./dataset_report";
import { FolderFields } from "./folder_fields";
import { ListFields } from "./list_fields";
import { RecognizeSection } from "./recognize_section";
import { ResizeExample } from "./resize_example";
import { ResizePreview } from "./resize_preview";
import { ScanSummary } from "./scan_summary";
import { useSourceTitle } from "./source_title";
import "./datasets.css";

/** Of images of more than 8 bits. */
const value_range = "/image/value_range";

export function NewDatasetPage() {
  const fields = useFormFields("dataset");
  return fields ? <DatasetFormPage fields={fields} /> : <Skeleton height={400} />;
}

function DatasetFormPage({ fields }: { fields: FormField[] }) {
  const { t, translated, said_problem } = useText();
  const empty = useMemo(() => empty_dataset_form(fields), [fields]);
  const [values, change, clear] = useDraft<DatasetForm>("digits.draft.dataset", empty);
  const navigate = useNavigate();
  const queries = useQueryClient();
  useTitle(t("dataset.new"));
  useClone(change, fields);

  const suggestion = suggested_name(values, fields);
  const spec = useMemo(() => dataset_spec(values, fields), [values, fields]);
  const settled = useDebounced(spec, 500);
  const scan = useScan(can_scan(values, fields) ? settled : null);
  const readable =
    can_scan(values, fields) && scan.data && !scan.isPlaceholderData && !scan.error && settled ? settled : null;
  const report = useDatasetReport(readable);
  const create = useMutation({
    mutationFn: () =>
      answer(
        client.POST("/datasets", {
          body: { name: values.name.trim() || suggestion, group: values.group.trim(), spec },
        }),
      ),
    onSuccess: (job) => {
      clear();
      void queries.invalidateQueries({ queryKey: ["running"] });
      navigate(`/datasets/${job.id}`);
    },
  });

  const other = other_source(values, fields);
  const more = other_dataset_fields(fields).filter((field) => matters(field, spec));
  const typed = Object.fromEntries([
    ...Object.entries(dataset_places).map(([name, place]) => [place, String(values[name as keyof DatasetForm])]),
    ...[...(other?.fields ?? []), ...more].map(({ path }) => [`/spec${path}`, values.others[path] ?? ""]),
  ]);
  const refused = create.error ?? (can_scan(values, fields) ? scan.error : null);
  const errors = field_errors(refused instanceof ProblemError ? said_problem(refused.problem) : null, typed);
  const declared = fields_by_path(fields, values.source === "upload" ? "folder" : values.source);
  const form: FormState<DatasetForm> = {
    field: (name) => declared.get((dataset_places[name] ?? "").replace(/^\/spec/, "")),
    values,
    change: (part) => {
      if (create.error) create.reset();
      change(part);
    },
    error: (name) => errors.at[dataset_places[name] ?? ""],
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
        {translated(`dataset.new_${task_of(values, fields)}`) ?? t("dataset.new")}
      </Title>
      <div className="form-page">
        <SectionList />
        <div className="form-sections">
          <RecognizeSection form={form} fields={fields} />
          <Section title={t("section.name")}>
            <Row>
              <TextField
                form={form}
                name="name"
                label={t("field.name")}
                help={t("dataset.name.help")}
                placeholder={suggestion}
              />
              <TextField form={form} name="group" label={t("field.group")} help={t("field.group.help")} />
            </Row>
          </Section>
          <SourceSection form={form} fields={fields} error={(place) => errors.at[place]} />
          <ImageSection
            form={form}
            task={task_of(values, fields)}
            more={more.filter(({ path }) => path.startsWith("/image/"))}
            error={(place) => errors.at[place]}
            spec={can_scan(values, fields) && scan.data ? settled : null}
            median={report.isPlaceholderData ? null : (report.data?.median_size ?? null)}
            channels={report.isPlaceholderData ? null : (report.data?.channels ?? null)}
          />
          <StorageSection
            form={form}
            more={more.filter(({ path }) => !path.startsWith("/image/"))}
            error={(place) => errors.at[place]}
          />
        </div>
        <div className="side">
          <Card withBorder padding="md">
            <Stack gap="sm">
              <FormActions label={t("dataset.create")} loading={create.isPending} />
              {errors.rest && <ProblemAlert problem={errors.rest} />}
              <FieldErrorList errors={errors} />
              <Title order={2}>{t("summary.title")}</Title>
              <ScanSummary
                scan={scan.data}
                stale={settled !== spec || scan.isPlaceholderData}
                asked={can_scan(values, fields)}
                busy={scan.isFetching}
                failed={Boolean(scan.error)}
              />
              {readable && (
                <DatasetReportPart
                  report={report}
                  on_scale={(range) => form.change({ others: { ...values.others, [value_range]: range.join(", ") } })}
                  on_keep={() =>
                    form.change({ others: { ...values.others, "/image/depth": "float", [value_range]: "" } })
                  }
                />
              )}
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

/** `?clone=ID` fills the form with another dataset's choices, once; with `&side=N` for square images of that side. */
function useClone(change: (part: Partial<DatasetForm>) => void, fields: FormField[]) {
  const { t } = useText();
  const [params, set_params] = useSearchParams();
  const id = params.get("clone");
  const side = params.get("side");
  const original = useQuery({
    queryKey: ["clone", id],
    enabled: id !== null,
    queryFn: () => answer(client.GET("/jobs/{id}", { params: { path: { id: id! } } })),
  });
  useEffect(() => {
    if (!original.data) return;
    const { name, group, spec } = original.data;
    const new_name = side === null ? t("clone.name", { name }) : t("clone.sized_name", { name, side });
    const values = form_of_dataset(new_name, group, (spec ?? {}) as Record<string, unknown>, fields);
    change(side === null ? values : { ...values, width: side, height: side });
    set_params({}, { replace: true });
  }, [original.data, side, change, set_params, t, fields]);
}

interface SourceProps {
  form: FormState<DatasetForm>;
  fields: FormField[];
  error: (place: string) => string | undefined;
}

function SourceSection({ form, fields, error }: SourceProps) {
  const { t, translated } = useText();
  const { values } = form;
  const other = other_source(values, fields);
  const task = task_of(values, fields);
  const tasks = dataset_tasks(fields);
  const label = useSourceTitle(fields);
  const plain = other?.fields.filter(({ advanced }) => !advanced) ?? [];
  const advanced = other?.fields.filter((field) => field.advanced) ?? [];
  const declared = {
    typed: values.others,
    change: (part: Typed) => form.change({ others: { ...values.others, ...part } }),
    error: (path: string) => error(`/spec${path}`),
  };
  return (
    <Section title={t("section.source")}>
      {tasks.length > 1 && (
        <Radio.Group
          value={task}
          onChange={(name) => form.change({ task: name, source: sources_for(fields, name)[0] ?? values.source })}
          label={t("field.task")}
        >
          <Group mt={4}>
            {tasks.map((name) => (
              <Radio key={name} value={name} label={translated(`task.${name}`) ?? name} />
            ))}
          </Group>
        </Radio.Group>
      )}
      <Radio.Group
        value={values.source}
        onChange={(source) => form.change({ source })}
        aria-label={t("section.source")}
      >
        <Group>
          {sources_for(fields, task).map((name) => (
            <Radio key={name} value={name} label={label(name)} />
          ))}
        </Group>
      </Radio.Group>
      {other ? (
        <>
          <DeclaredFields fields={plain} {...declared} />
          {advanced.length > 0 && (
            <Folded
              title={t("section.source_more")}
              values=""
              faulty={advanced.some(({ path }) => error(`/spec${path}`) !== undefined)}
            >
              <DeclaredFields fields={advanced} {...declared} />
            </Folded>
          )}
        </>
      ) : values.source === "crops" ? (
        <CropFields form={form} />
      ) : values.source === "lists" ? (
        <ListFields form={form} />
      ) : (
        <FolderFields form={form} />
      )}
    </Section>
  );
}

interface ImageProps {
  form: FormState<DatasetForm>;
  /** What the images are for. */
  task: string;
  /** Fields without a place of their own. */
  more: FormField[];
  error: (place: string) => string | undefined;
  spec: DatasetSpec | null;
  /** Of the images as they are. */
  median: { width: number; height: number } | null;
  /** That keep all of the images. */
  channels: number | null;
}

function ImageSection({ form, task, more, error, spec, median, channels }: ImageProps) {
  const { t } = useText();
  const { values } = form;
  const proposed = median && { width: String(median.width), height: String(median.height) };
  return (
    <Section title={t("section.image")}>
      <Row>
        <NumberField form={form} name="width" />
        <NumberField form={form} name="height" />
      </Row>
      <Text size="xs" c="dimmed">
        {t(task === "classification" ? "field.size.of_classes" : "field.size.help")}
      </Text>
      {proposed && (
        <Group gap="xs" data-testid="median-size">
          <Text size="sm">{t("field.size.median", proposed)}</Text>
          {(values.width !== proposed.width || values.height !== proposed.height) && (
            <Button size="compact-xs" variant="default" onClick={() => form.change(proposed)}>
              {t("field.size.use", proposed)}
            </Button>
          )}
        </Group>
      )}
      <SegmentField form={form} name="channels" />
      {channels === 1 && values.channels === "3" && (
        <Group gap="xs" data-testid="grey-images">
          <Text size="sm">{t("field.channels.grey")}</Text>
          <Button size="compact-xs" variant="default" onClick={() => form.change({ channels: "1" })}>
            {t("field.channels.use_grey")}
          </Button>
        </Group>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <ChoiceField form={form} name="resize" help={t(`resize.${values.resize}.help`)} />
        {!spec && (
          <ResizePreview
            mode={values.resize}
            width={Number(values.width)}
            height={Number(values.height)}
            grey={values.channels === "1"}
          />
        )}
      </SimpleGrid>
      <DeclaredFields
        fields={more}
        typed={values.others}
        change={(part) => form.change({ others: { ...values.others, ...part } })}
        error={(path) => error(`/spec${path}`)}
      />
      {spec && <ResizeExample spec={spec} mode={values.resize} on_choose={(resize) => form.change({ resize })} />}
    </Section>
  );
}

interface StorageProps {
  form: FormState<DatasetForm>;
  /** Fields without a place of their own. */
  more: FormField[];
  error: (place: string) => string | undefined;
}

function StorageSection({ form, more, error }: StorageProps) {
  const { t, listed } = useText();
  const { values } = form;
  const encoding = values.backend === "hdf5" ? "none" : values.encoding;
  const title = listed([
    values.backend.toUpperCase(),
    t(`encoding.${encoding}`),
    t(values.mean ? "storage.with_mean" : "storage.without_mean"),
    t(values.shuffle ? "storage.shuffled" : "storage.in_order"),
  ]);
  const own = (["backend", "encoding", "mean", "shuffle", "seed", "threads"] as const).some((name) => form.error(name));
  const faulty = own || more.some(({ path }) => error(`/spec${path}`) !== undefined);
  return (
    <Folded title={t("section.storage")} values={title} section faulty={faulty}>
      <Row>
        <ChoiceField form={form} name="backend" />
        {values.backend === "lmdb" && <ChoiceField form={form} name="encoding" />}
        <DeclaredFields
          fields={more}
          typed={values.others}
          change={(part) => form.change({ others: { ...values.others, ...part } })}
          error={(path) => error(`/spec${path}`)}
        />
      </Row>
      <SwitchField form={form} name="mean" />
      <SwitchField form={form} name="shuffle" />
      <Row>
        <NumberField form={form} name="seed" />
        <NumberField form={form} name="threads" placeholder={t("field.all_cores")} min={1} />
      </Row>
    </Folded>
  );
}
