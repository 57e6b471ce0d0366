import {
  Button,
  Card,
  FileButton,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { answer, client, type EvaluationSpec, type Job, type Model, ProblemError } from "../api/client";
import { useEvaluations } from "../api/queries";
import { split_names } from "../datasets/splits";
import { useSourceText } from "../evaluations/evaluation_page";
import { metric } from "../format/format";
import { judged } from "../format/judged";
import { DeclaredFields } from "../forms/declared_fields";
import { field_errors } from "../forms/field_errors";
import { Folded } from "../forms/fields";
import { put_typed, type Typed, useFormFields } from "../forms/form_fields";
import { BrowseButton } from "../forms/path_field";
import { ProblemAlert } from "../frame/page_states";
import { StateWord } from "../jobs/job_state";
import { useText } from "../text/text";

type Source = "split" | "list" | "folder" | "database" | "upload";

/** Asks a snapshot about every image of a split, list, folder or database: a job with a page of its own. */
export function ClassifyMany({ model, snapshot }: { model: Model; snapshot: string }) {
  const { t, whole, said_problem } = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const splits = split_names.filter((split) => model.dataset?.splits[split]);
  const [source, set_source] = useState<Source>(splits.length > 0 ? "split" : "list");
  const [split, set_split] = useState<string>(splits.find((one) => one !== "train") ?? splits[0] ?? "val");
  const [path, set_path] = useState("");
  const [root, set_root] = useState("");
  const [limit, set_limit] = useState<string | number>("");
  const [list, set_list] = useState<File | null>(null);
  const [typed, set_typed] = useState<Typed>({});
  const [name, set_name] = useState("");
  const advanced = (useFormFields("evaluation") ?? []).filter((field) => field.advanced);
  const start = useMutation({
    mutationFn: async (): Promise<Job> => {
      const spec: EvaluationSpec = { model_id: model.job.id, snapshot, batch_size: 32, threads: 0 };
      put_typed(spec as unknown as Record<string, unknown>, advanced, typed);
      const named = name.trim() === "" ? {} : { name: name.trim() };
      const most = Number(limit) || 0;
      const no_place = { split: "", path: "", root: "" };
      if (source === "split") spec.source = { ...no_place, type: "split", split, limit: most };
      else if (source === "folder" || source === "database")
        spec.source = { ...no_place, type: source, path, limit: most };
      else spec.source = { ...no_place, type: "list", root, limit: most, path: source === "list" ? path : "" };
      if (source !== "upload") return answer(client.POST("/evaluations", { body: { ...named, spec } }));
      const form = new FormData();
      form.append("request", JSON.stringify({ ...named, spec }));
      form.append("list", list!, list!.name);
      return answer(
        client.POST("/evaluations", {
          body: { request: "", list: "" },
          bodySerializer: () => form,
          headers: { "Content-Type": null },
        }),
      );
    },
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ["evaluations", model.job.id] });
      void queries.invalidateQueries({ queryKey: ["running"] });
      navigate(`/evaluations/${job.id}`);
    },
  });
  const errors = field_errors(start.error instanceof ProblemError ? said_problem(start.error.problem) : null, {
    "/name": name,
    "/spec/source/path": path,
    "/spec/source/root": root,
    "/spec/source/limit": String(limit),
    ...Object.fromEntries(advanced.map((field) => [`/spec${field.path}`, typed[field.path] ?? ""])),
  });
  const error = (place: string) => errors.at[`/spec${place}`];
  const ready = source === "split" || (source === "upload" ? list !== null : path.trim() !== "");
  const is_list = source === "list" || source === "upload";
  return (
    <Card withBorder padding="md" radius={10} component="section">
      <Title order={2} mb={4}>
        {t("evaluate.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t((model.dataset?.type ?? "classification") === "classification" ? "evaluate.help" : "evaluate.help_any")}
      </Text>
      <Stack
        gap="sm"
        component="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) start.mutate();
        }}
      >
        <SegmentedControl
          aria-label={t("evaluate.source")}
          value={source}
          onChange={(value) => set_source(value as Source)}
          data={(["split", "list", "folder", "database", "upload"] as const).map((value) => ({
            value,
            label: t(`evaluation.source.${value}`),
            disabled: value === "split" && splits.length === 0,
          }))}
          style={{ alignSelf: "flex-start" }}
        />
        <Group gap="md" align="flex-end">
          {source === "split" && (
            <Select
              label={t("evaluate.split")}
              allowDeselect={false}
              value={split}
              onChange={(value) => value !== null && set_split(value)}
              data={splits.map((one) => ({
                value: one,
                label: `${t(`split.${one}`)} (${whole(model.dataset?.splits[one]?.count)})`,
              }))}
            />
          )}
          {(source === "list" || source === "folder" || source === "database") && (
            <div className="path-row" style={{ flex: 1, minWidth: 260 }}>
              <TextInput
                label={t(`evaluate.${source}`)}
                description={t(`evaluate.${source}.help`)}
                spellCheck={false}
                value={path}
                error={error("/source/path")}
                onChange={(event) => set_path(event.currentTarget.value)}
              />
              <BrowseButton
                kind={source === "list" ? "file" : "folder"}
                label={t(`evaluate.${source}`)}
                value={path}
                on_choose={set_path}
              />
            </div>
          )}
          {source === "upload" && (
            <FileButton
              onChange={set_list}
              accept=".txt,text/plain"
              inputProps={{ "aria-label": t("evaluate.choose") }}
            >
              {(props) => (
                <Button variant="default" {...props}>
                  {list ? list.name : t("evaluate.choose")}
                </Button>
              )}
            </FileButton>
          )}
          {is_list && (
            <TextInput
              label={t("evaluate.root")}
              spellCheck={false}
              value={root}
              error={error("/source/root")}
              onChange={(event) => set_root(event.currentTarget.value)}
            />
          )}
          <NumberInput
            label={t("evaluate.limit")}
            placeholder={t("evaluate.all")}
            min={1}
            allowDecimal={false}
            value={limit}
            error={error("/source/limit")}
            onChange={set_limit}
            w={200}
          />
          <Button type="submit" loading={start.isPending} disabled={!ready} data-testid="evaluate">
            {t("evaluate.start")}
          </Button>
        </Group>
        <Folded
          title={t("section.source_more")}
          values=""
          faulty={Boolean(errors.at["/name"]) || advanced.some((field) => error(field.path) !== undefined)}
        >
          <TextInput
            label={t("field.name")}
            maxLength={200}
            value={name}
            error={errors.at["/name"]}
            onChange={(event) => set_name(event.currentTarget.value)}
          />
          <DeclaredFields
            fields={advanced}
            typed={typed}
            change={(part) => set_typed((before) => ({ ...before, ...part }))}
            error={error}
          />
        </Folded>
        {errors.rest && <ProblemAlert problem={errors.rest} />}
        {start.error && !(start.error instanceof ProblemError) && <Text c="red">{String(start.error)}</Text>}
      </Stack>
      <Evaluations model={model.job.id} />
    </Card>
  );
}

/** How good the network was, by the metric of its task. */
function figure_of(job: Job, series: (name: string) => string): string {
  const result = (job.result ?? {}) as Record<string, number | null>;
  const judge =
    judged({ accuracy: result.top1, mAP: result.AP, miou: result.miou, psnr: result.psnr }) ?? judged(job.best);
  if (!judge) return "–";
  const value = metric(judge.name, judge.value);
  return judge.name === "accuracy" ? value : `${series(judge.name)} ${value}`;
}

/** Those of the model so far. */
function Evaluations({ model }: { model: string }) {
  const { t, date, exact_date, known_text, series } = useText();
  const source_text = useSourceText();
  const jobs = useEvaluations(model).data?.items ?? [];
  if (jobs.length === 0) return null;
  return (
    <>
      <Title order={3} size="h5" mt="md" mb={4}>
        {t("evaluate.list_title")}
      </Title>
      <Table.ScrollContainer minWidth={480}>
        <Table data-testid="evaluations">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("field.name")}</Table.Th>
              <Table.Th>{t("column.state")}</Table.Th>
              <Table.Th>{t("evaluation.source")}</Table.Th>
              <Table.Th ta="right">{t("evaluation.snapshot")}</Table.Th>
              <Table.Th ta="right">{t("evaluate.result")}</Table.Th>
              <Table.Th ta="right">{t("column.created")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {jobs.map((job) => {
              const spec = (job.spec ?? {}) as Partial<EvaluationSpec>;
              return (
                <Table.Tr key={job.id}>
                  <Table.Td>
                    <Link to={`/evaluations/${job.id}`}>{job.name}</Link>
                  </Table.Td>
                  <Table.Td>
                    <StateWord state={job.state} />
                  </Table.Td>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>{source_text(spec)}</Table.Td>
                  <Table.Td ta="right">{known_text(`snapshot.${spec.snapshot}`) ?? spec.snapshot}</Table.Td>
                  <Table.Td ta="right">{figure_of(job, series)}</Table.Td>
                  <Table.Td ta="right" title={exact_date(job.created_at)}>
                    {date(job.created_at)}
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}
