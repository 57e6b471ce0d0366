import { Alert, Button, Card, FileButton, Group, Select, Stack, Text, Textarea, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ClipboardEvent, useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { answer, type Classification, client, type Model, ProblemError } from "../api/client";
import { useSystem } from "../api/queries";
import { save_blob, save_text, to_csv } from "../charts/csv";
import { significant } from "../format/format";
import { BrowseButton } from "../forms/path_field";
import { EmptyState } from "../frame/empty_state";
import { Icon } from "../frame/icon";
import { ProblemAlert } from "../frame/page_states";
import { useText } from "../text/text";
import { view_of } from "../views/registry";
import type { Answer } from "../views/view";
import { AnswerOptionFields, type AnswerOptions, chosen_options, usual_options } from "./answer_options";
import { ClassifyMany } from "./classify_many";
import { LayersPanel, type LayersQuestion } from "./layers_panel";
import { useSnapshotChoices } from "./snapshot_choices";
import "./test.css";

interface Shown {
  name: string;
  /** Where the image can be seen. */
  url: string | null;
  result: Answer;
  question: LayersQuestion;
}

interface Answers {
  images: Shown[];
  asked: Asked;
  of: Question;
  snapshot: number;
  seconds: number;
}

type Question = { files: File[] } | { paths: string[]; urls: string[] };

const is_url = (name: string) => /^https?:\/\//i.test(name);

/** An image that the server has, or fetches. */
const asked_image_url = (model: string, name: string) =>
  `/api/v1/models/${model}/asked-image?${is_url(name) ? "url" : "path"}=${encodeURIComponent(name)}`;

/** Formats that every browser shows. */
const shown_types = /^image\/(jpeg|png|gif|webp|bmp)$/;
/** Endings of image files whose type not every browser knows. */
const other_endings = ".avif,.heic,.heif,.ico,.j2k,.jp2,.npy,.pbm,.pcx,.pfm,.pgm,.pnm,.ppm,.sgi,.tga,.tif,.tiff";

/** Where a file of this computer can be seen: the server shows those that a browser does not, and applies the dataset's
 * value range. */
async function shown_file(model: string, file: File, has_range: boolean): Promise<string | null> {
  const may_be_deep = has_range && file.type !== "image/jpeg";
  if (shown_types.test(file.type) && !may_be_deep) return URL.createObjectURL(file);
  const form = new FormData();
  form.append("image", file, file.name);
  const found = await fetch(`/api/v1/models/${model}/asked-image`, { method: "POST", body: form }).catch(() => null);
  return found?.ok ? URL.createObjectURL(await found.blob()) : null;
}

/** What does the network say of these images? */
export function TestPanel({ model }: { model: Model }) {
  const { t, whole } = useText();
  const url_fetch = useSystem().data?.url_fetch;
  const [params, set_params] = useSearchParams();
  const snapshot = params.get("snapshot") ?? "best";
  // The page's own slider hides boxes, so all are asked for that may be shown.
  const of_task = model.dataset?.type === "detection" ? { score_threshold: least_score } : {};
  const of_classes = (model.dataset?.type ?? "classification") === "classification";
  const has_range = (model.dataset?.image.value_range?.length ?? 0) > 0;
  const [paths, set_paths] = useState("");
  const [over, set_over] = useState(false);
  const [options, set_options] = useState<AnswerOptions>(usual_options);
  const urls = useRef<string[]>([]);
  const asked = useRef(0);
  useEffect(() => () => revoke(urls.current), []);

  const ask = useMutation({
    mutationFn: async (question: Question): Promise<Answers> => {
      const query = { id: model.job.id, snapshot, top: 5, ...of_task, ...chosen_options(options) };
      const found = await classify(query, question);
      asked.current += 1;
      revoke(urls.current);
      const shown =
        "files" in question
          ? await Promise.all(question.files.map((file) => shown_file(model.job.id, file, has_range)))
          : [];
      urls.current = shown.filter((url) => url !== null);
      return {
        images: found.images.map((result, i) => ({
          name: result.name,
          url:
            "files" in question ? (shown[i] ?? null) : result.error ? null : asked_image_url(model.job.id, result.name),
          result,
          question:
            "files" in question
              ? { file: question.files[i]! }
              : is_url(result.name)
                ? { url: result.name }
                : { path: result.name },
        })),
        asked: query,
        of: question,
        snapshot: found.snapshot,
        seconds: found.seconds,
      };
    },
  });
  const draw = useMutation({ mutationFn: ({ asked, of }: Answers) => save_annotated(model.job.name, asked, of) });
  const send = (files: File[]) => files.length > 0 && ask.mutate({ files });
  const choices = useSnapshotChoices(model.snapshots);
  if (model.snapshots.length === 0)
    return (
      <div className="card">
        <EmptyState icon="snapshot" title={t("test.no_snapshot")} />
      </div>
    );
  return (
    <Stack onPaste={(event: ClipboardEvent) => send(images_of(event.clipboardData.files))}>
      <section className="card test-card">
        <Group justify="space-between" align="flex-end" gap="md">
          <Title order={2}>{t(of_classes ? "test.title" : "test.title_any")}</Title>
          <Select
            size="xs"
            label={t("test.snapshot")}
            data={choices}
            value={choices.some((choice) => choice.value === snapshot) ? snapshot : "best"}
            allowDeselect={false}
            onChange={(value) =>
              set_params(
                (before) => {
                  const after = new URLSearchParams(before);
                  after.set("tab", "test");
                  after.set("snapshot", value ?? "best");
                  return after;
                },
                { replace: true },
              )
            }
          />
        </Group>
        <div
          className="drop"
          data-over={over}
          role="group"
          aria-label={t("test.drop")}
          onDragOver={(event) => {
            event.preventDefault();
            set_over(true);
          }}
          onDragLeave={() => set_over(false)}
          onDrop={(event) => {
            event.preventDefault();
            set_over(false);
            send(images_of(event.dataTransfer.files));
          }}
        >
          <Icon name="upload" />
          <Text size="sm">{t("test.drop")}</Text>
          <FileButton
            multiple
            accept={`image/*,${other_endings}`}
            onChange={(files) => send(files)}
            inputProps={{ "aria-label": t("test.choose") }}
          >
            {(props) => (
              <Button {...props} loading={ask.isPending}>
                {t("test.choose")}
              </Button>
            )}
          </FileButton>
        </div>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = paths
              .split("\n")
              .map((line) => line.trim())
              .filter((line) => line !== "");
            if (wanted.length > 0)
              ask.mutate({ paths: wanted.filter((name) => !is_url(name)), urls: wanted.filter(is_url) });
          }}
        >
          <div className="path-row">
            <Textarea
              label={t(url_fetch ? "test.paths_and_urls" : "test.paths")}
              description={t(url_fetch ? "test.paths_and_urls.help" : "test.paths.help")}
              placeholder="/data/mnist/test/7/00000.png"
              autosize
              minRows={1}
              maxRows={8}
              spellCheck={false}
              value={paths}
              onChange={(event) => set_paths(event.currentTarget.value)}
            />
            <BrowseButton
              kind="file"
              label={t("test.paths")}
              accept={/\.(png|jpe?g|bmp|gif|webp|avif|hei[cf]|ico|j2k|jp2|npy|pcx|p[bfgpn]m|sgi|tga|tiff?)$/i}
              value={paths.trim().split("\n").at(-1) ?? ""}
              on_choose={(path) =>
                set_paths((before) => (before.trim() === "" ? path : `${before.trimEnd()}\n${path}`))
              }
            />
            <Button type="submit" variant="default" disabled={paths.trim() === ""} loading={ask.isPending}>
              {t(of_classes ? "test.classify" : "test.run")}
            </Button>
          </div>
        </form>
        {!of_classes && <AnswerOptionFields options={options} set={set_options} />}
      </section>
      {ask.error instanceof ProblemError && <ProblemAlert problem={ask.error.problem} />}
      {ask.data && (
        <Stack gap="sm" aria-live="polite" data-testid="answers">
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              {t("test.answered", {
                n: ask.data.images.length,
                iteration: whole(ask.data.snapshot),
                time: significant(ask.data.seconds * 1000, 3),
              })}
            </Text>
            <Group gap="xs">
              <Button size="compact-xs" variant="default" onClick={() => save_answers(model.job.name, ask.data)}>
                CSV
              </Button>
              <Button size="compact-xs" variant="default" onClick={() => save_json(model.job.name, ask.data)}>
                JSON
              </Button>
              <Button
                size="compact-xs"
                variant="default"
                loading={draw.isPending}
                onClick={() => draw.mutate(ask.data)}
              >
                {t("test.annotated")}
              </Button>
            </Group>
          </Group>
          {draw.error instanceof ProblemError && <ProblemAlert problem={draw.error.problem} />}
          {ask.data.images.map((image, i) => (
            <OneAnswer key={`${asked.current} ${i}`} image={image} model={model.job.id} snapshot={ask.data.snapshot} />
          ))}
        </Stack>
      )}
      <ClassifyMany model={model} snapshot={snapshot} />
    </Stack>
  );
}

function revoke(urls: string[]): void {
  for (const url of urls) URL.revokeObjectURL(url);
}

function images_of(files: FileList): File[] {
  // A browser knows no type of JPEG 2000, TGA or arrays: the server says what it cannot read.
  return [...files].filter((file) => file.type === "" || file.type.startsWith("image/"));
}

/** Of boxes that are asked for. */
const least_score = 0.01;

interface Asked extends Partial<AnswerOptions> {
  id: string;
  snapshot: string;
  top: number;
  score_threshold?: number;
}

/** The answers for all images. A request that names one that cannot be used is refused as a whole: then each is asked for alone. */
async function classify(asked: Asked, question: Question): Promise<Classification> {
  try {
    return await classify_at_once(asked, question);
  } catch (error) {
    const parts = parts_of(question);
    if (
      !(error instanceof ProblemError) ||
      error.problem.status < 400 ||
      error.problem.status >= 500 ||
      parts.length < 2
    )
      throw error;
    const answers: Classification[] = [];
    for (const { name, part } of parts)
      answers.push(
        await classify_at_once(asked, part).catch((refused: unknown) => {
          if (!(refused instanceof ProblemError)) throw refused;
          return { images: [refused_image(name, refused)], snapshot: 0, seconds: 0 };
        }),
      );
    if (answers.every(({ snapshot: answered }) => answered === 0)) throw error;
    return {
      images: answers.flatMap(({ images }) => images),
      snapshot: Math.max(...answers.map(({ snapshot: answered }) => answered)),
      seconds: answers.reduce((sum, { seconds }) => sum + seconds, 0),
    };
  }
}

function parts_of(question: Question): { name: string; part: Question }[] {
  if ("files" in question) return question.files.map((file) => ({ name: file.name, part: { files: [file] } }));
  return [
    ...question.paths.map((path) => ({ name: path, part: { paths: [path], urls: [] } })),
    ...question.urls.map((url) => ({ name: url, part: { paths: [], urls: [url] } })),
  ];
}

function refused_image(name: string, { problem }: ProblemError): Classification["images"][number] {
  const { code, detail: message, where, advice } = problem;
  return { name, predictions: [], error: { code, message, where, advice } };
}

function classify_at_once({ id, ...query }: Asked, question: Question): Promise<Classification> {
  const params = { path: { id }, query };
  if ("paths" in question) {
    const { paths, urls } = question;
    return answer(
      client.POST("/models/{id}/classify", { params, body: urls.length > 0 ? { paths, urls } : { paths } }),
    );
  }
  const form = new FormData();
  for (const file of question.files) form.append("image", file, file.name);
  return answer(
    client.POST("/models/{id}/classify", {
      params,
      body: { image: [] },
      bodySerializer: () => form,
      headers: { "Content-Type": null },
    }),
  );
}

/** The images with their answers drawn over them, as a zip file. A page's sliders are its own, so boxes have the usual threshold. */
async function save_annotated(name: string, { id, score_threshold: _, ...query }: Asked, question: Question) {
  const params = { path: { id }, query };
  let zip: Blob;
  if ("paths" in question) {
    const { paths, urls } = question;
    const body = urls.length > 0 ? { paths, urls } : { paths };
    zip = await answer(client.POST("/models/{id}/annotate", { params, body, parseAs: "blob" }));
  } else {
    const form = new FormData();
    for (const file of question.files) form.append("image", file, file.name);
    zip = await answer(
      client.POST("/models/{id}/annotate", {
        params,
        body: { image: [] },
        bodySerializer: () => form,
        headers: { "Content-Type": null },
        parseAs: "blob",
      }),
    );
  }
  save_blob(`${name} annotated.zip`, zip);
}

function OneAnswer({ image, model, snapshot }: { image: Shown; model: string; snapshot: number }) {
  const { t, said } = useText();
  const [small, set_small] = useState(false);
  const [inside, set_inside] = useState(false);
  const { error } = image.result;
  const { Answer, draws_image } = view_of(image.result);
  const drawn = draws_image === true && !error;
  return (
    <Card withBorder padding="md" radius={10} data-testid="answer">
      <Group align="flex-start" gap="lg" wrap="wrap">
        {!drawn && (
          <div className="image" data-small={small} style={{ width: 132, height: 132, flex: "none" }}>
            {image.url ? (
              <img
                src={image.url}
                alt={image.name}
                onLoad={(event) =>
                  set_small(Math.max(event.currentTarget.naturalWidth, event.currentTarget.naturalHeight) < 64)
                }
              />
            ) : (
              <Text size="xs" c="var(--on-neutral-image)" p="xs" ta="center" style={{ overflowWrap: "anywhere" }}>
                {t(is_url(image.name) ? "test.on_web" : "test.on_server")}
              </Text>
            )}
          </div>
        )}
        <Stack gap={4} style={{ flex: 1, minWidth: 220 }}>
          <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {image.name}
          </Text>
          {error ? (
            <Alert data-tone="error" role="alert">
              <Text size="sm">{said(error.message)}</Text>
              {error.advice && (
                <Text size="sm" fw={600}>
                  {said(error.advice)}
                </Text>
              )}
            </Alert>
          ) : (
            <Answer answer={image.result} src={image.url} />
          )}
          {!error && (
            <Group>
              <Button
                size="compact-xs"
                variant="default"
                aria-expanded={inside}
                onClick={() => set_inside(!inside)}
                aria-label={`${t("layers.action")}: ${image.name}`}
              >
                {t("layers.action")}
              </Button>
            </Group>
          )}
        </Stack>
      </Group>
      {inside && (
        <div style={{ marginTop: 16 }}>
          <LayersPanel model={model} snapshot={String(snapshot)} question={image.question} name={image.name} />
        </div>
      )}
    </Card>
  );
}

function save_answers(name: string, { images }: Answers): void {
  const view = view_of(images.find(({ result }) => !result.error)?.result);
  const rows = images.flatMap(({ name: image, result }) => view.answer_rows(result).map((row) => [image, ...row]));
  save_text(`${name} answers.csv`, "text/csv", to_csv([["image", ...view.answer_columns], ...rows]));
}

/** The answers as the server gave them. */
function save_json(name: string, { images, snapshot }: Answers): void {
  const answers = { snapshot, images: images.map(({ result }) => result) };
  save_text(`${name} answers.json`, "application/json", `${JSON.stringify(answers, null, 1)}\n`);
}
