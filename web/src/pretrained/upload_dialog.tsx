import {
  Button,
  FileButton,
  Group,
  List,
  Modal,
  NumberInput,
  Progress,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { type DragEvent, type FormEvent, useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { answer, client, type Problem, ProblemError } from "../api/client";
import { bytes, percent } from "../format/format";
import { field_errors } from "../forms/field_errors";
import { ProblemAlert } from "../frame/page_states";
import { type TextKey, useText } from "../text/text";
import { OnnxFields, type OnnxSettings, onnx_form, unset_onnx } from "./onnx_fields";
import { ended, part_of, problem_of, says_preparation, type Upload, upload } from "./upload";

type Part = NonNullable<ReturnType<typeof part_of>>;
const parts: Part[] = ["archive", "onnx", "weights", "network", "labels", "mean"];
const resize_modes = ["squash", "crop", "fill", "half_crop"] as const;

/** Takes an archive, or the files of a network with weights, and sends them. */
export default function UploadDialog({ close }: { close: () => void }) {
  const { t, listed, said_problem } = useText();
  const navigate = useNavigate();
  const [files, set_files] = useState<Partial<Record<Part, File>>>({});
  const [strange, set_strange] = useState<string[]>([]);
  const [over, set_over] = useState(false);
  const [name, set_name] = useState("");
  const [size, set_size] = useState({ width: "224", height: "224" });
  const [channels, set_channels] = useState("3");
  const [resize, set_resize] = useState<string>("squash");
  const [fraction, set_fraction] = useState<number | null>(null);
  const [problem, set_problem] = useState<Problem | null>(null);
  const [onnx, set_onnx] = useState<OnnxSettings>(unset_onnx);
  const [reading, set_reading] = useState(false);
  const running = useRef<Upload | null>(null);
  const closed = useRef(new AbortController());
  useEffect(() => {
    closed.current = new AbortController();
    return () => {
      running.current?.stop();
      closed.current.abort();
    };
  }, []);

  const take = (list: Iterable<File>) => {
    const next = { ...files };
    const others: string[] = [];
    for (const file of list) {
      const part = part_of(file.name);
      if (part === null) others.push(file.name);
      else next[part] = file;
      // An archive has all the others inside, and an ONNX file all but the labels.
      if (part === "archive") for (const other of parts.slice(1)) delete next[other];
      else if (part !== null) delete next.archive;
      if (part === "onnx") for (const other of ["weights", "network", "mean"] as const) delete next[other];
      else if (part !== null && part !== "labels") delete next.onnx;
    }
    set_files(next);
    set_strange(others);
    set_problem(null);
    if (next.onnx && next.onnx !== files.onnx)
      says_preparation(next.onnx).then((says) => set_onnx({ ...onnx, says, preprocessing: says ? "file" : "" }));
  };
  const single =
    files.archive === undefined && files.onnx === undefined && parts.some((part) => files[part] !== undefined);
  const ready =
    files.archive !== undefined ||
    (files.onnx !== undefined && onnx.preprocessing !== "") ||
    (files.weights !== undefined && files.network !== undefined);
  const missing: TextKey | null = ready
    ? null
    : files.onnx
      ? "onnx.preprocessing.choose"
      : files.weights
        ? "pretrained.needs_network"
        : single
          ? "pretrained.needs_weights"
          : "pretrained.needs_files";
  const send = async (event: FormEvent) => {
    event.preventDefault();
    const form = new FormData();
    for (const part of parts) if (files[part]) form.append(part, files[part]);
    if (name.trim() !== "") form.append("name", name.trim());
    if (single) {
      for (const [key, value] of Object.entries({ ...size, channels, resize })) form.append(key, value);
    }
    if (files.onnx) for (const [key, value] of onnx_form(onnx)) form.append(key, value);
    set_problem(null);
    set_fraction(0);
    try {
      running.current = upload(form, set_fraction);
      const job = await running.current.sent;
      if (files.onnx) {
        // What cannot be imported is said here, where the choices still are.
        set_reading(true);
        const read = await ended(job.id, closed.current.signal);
        const refused = problem_of(read);
        if (refused) {
          await answer(client.DELETE("/jobs/{id}", { params: { path: { id: job.id } } }));
          set_problem(refused);
          return;
        }
      }
      close();
      navigate(`/pretrained/${job.id}`);
    } catch (error) {
      if (error instanceof ProblemError) set_problem(error.problem);
    } finally {
      running.current = null;
      set_fraction(null);
      set_reading(false);
    }
  };
  const errors = field_errors(problem && said_problem(problem), {
    "/name": name,
    "/width": "",
    "/height": "",
    "/channels": "",
    "/resize": "",
    "/preprocessing": "",
    "/pixel_mean": "",
    "/pixel_std": "",
  });
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t("pretrained.upload")}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack component="form" gap="sm" onSubmit={send}>
        <div
          className="drop"
          data-over={over}
          role="group"
          aria-label={t("pretrained.drop")}
          onDragOver={(event) => {
            event.preventDefault();
            set_over(true);
          }}
          onDragLeave={() => set_over(false)}
          onDrop={(event: DragEvent) => {
            event.preventDefault();
            set_over(false);
            take(event.dataTransfer.files);
          }}
        >
          <Stack align="center" gap="xs">
            <Text size="sm">{t("pretrained.drop")}</Text>
            <Text size="xs" c="dimmed">
              {t("pretrained.drop.help")}
            </Text>
            <FileButton multiple onChange={take} inputProps={{ "aria-label": t("pretrained.choose") }}>
              {(props) => (
                <Button {...props} variant="default">
                  {t("pretrained.choose")}
                </Button>
              )}
            </FileButton>
          </Stack>
        </div>
        {strange.length > 0 && (
          <Text size="sm" c="red" role="alert">
            {t("pretrained.strange", { files: listed(strange) })}
          </Text>
        )}
        <List size="sm" data-testid="chosen-files">
          {parts
            .filter((part) => files[part])
            .map((part) => (
              <List.Item key={part}>
                {t(`pretrained.part.${part}`)}: {files[part]!.name} ({bytes(files[part]!.size)})
              </List.Item>
            ))}
        </List>
        {single && (
          <>
            <Text size="sm">{t("pretrained.image.help")}</Text>
            <Group align="flex-end" gap="sm">
              {(["width", "height"] as const).map((side) => (
                <NumberInput
                  key={side}
                  w={110}
                  min={1}
                  max={10000}
                  label={t(`field.${side}`)}
                  error={errors.at[`/${side}`]}
                  value={size[side]}
                  onChange={(value) => set_size({ ...size, [side]: String(value) })}
                />
              ))}
              <SegmentedControl
                aria-label={t("field.channels")}
                value={channels}
                onChange={set_channels}
                data={[
                  { value: "3", label: t("channels.3") },
                  { value: "1", label: t("channels.1") },
                ]}
              />
              <Select
                w={190}
                label={t("dataset.resize")}
                allowDeselect={false}
                value={resize}
                onChange={(value) => set_resize(value ?? "squash")}
                data={resize_modes.map((value) => ({ value, label: t(`resize.${value}`) }))}
              />
            </Group>
          </>
        )}
        {files.onnx && <OnnxFields settings={onnx} change={set_onnx} errors={errors.at} />}
        <TextInput
          label={t("field.name")}
          description={t("pretrained.name.help")}
          maxLength={200}
          value={name}
          error={errors.at["/name"]}
          onChange={(event) => set_name(event.currentTarget.value)}
        />
        {errors.rest && <ProblemAlert problem={errors.rest} />}
        {fraction !== null && (
          <div>
            <Progress value={fraction * 100} aria-label={t("pretrained.sending")} />
            <Text size="xs" c="dimmed" role="status">
              {reading ? t("onnx.reading") : `${t("pretrained.sending")} ${percent(fraction, 0)}`}
            </Text>
          </div>
        )}
        <Group justify="flex-end">
          {missing && (
            <Text size="sm" c="dimmed" role="status" flex={1}>
              {t(missing)}
            </Text>
          )}
          <Button variant="default" onClick={close}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" disabled={!ready} loading={fraction !== null}>
            {t("pretrained.send")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
