import { Group, Select, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { file_url, type Job, type ModelSpec } from "../api/client";
import { is_active } from "../api/live";
import { NetworkView } from "../network/network_view";
import { useText } from "../text/text";
import "./editor.css";

const PrototxtEditor = lazy(() => import("./prototxt_editor"));

/** What a page may ask of a stored spec: without what the server filled in when the job was made. */
function request_of(spec: ModelSpec): ModelSpec {
  const {
    dataset_dir: _,
    model_dir: __,
    roots: ___,
    weights: ____,
    ...asked
  } = spec as ModelSpec & Record<string, unknown>;
  return asked as ModelSpec;
}

/** The networks among a job's files, each as text and graph. */
export function NetworkTexts({
  job,
  files,
  first,
  spec,
}: {
  job: Job;
  files: string[];
  first: string;
  spec: ModelSpec | null;
}) {
  const { t } = useText();
  const texts = files.filter((file) => file.endsWith(".prototxt"));
  const [chosen, set_chosen] = useState<string | null>(null);
  const [go_to, set_go_to] = useState<{ line: number; column: number } | null>(null);
  const file = chosen ?? texts.find((name) => name === first) ?? texts[0];
  const text = useQuery({
    queryKey: ["file", job.id, file, is_active(job)],
    enabled: file !== undefined,
    queryFn: async ({ signal }) => {
      const response = await fetch(file_url(job.id, file!), { signal });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return response.text();
    },
  });
  if (!file) return <Text c="dimmed">{t("network.none")}</Text>;
  return (
    <Stack gap="sm">
      <Group>
        <Select
          aria-label={t("files.file")}
          data={texts}
          value={file}
          allowDeselect={false}
          onChange={set_chosen}
          w={240}
        />
        <a href={file_url(job.id, file)} download={file}>
          {t("action.download")}
        </a>
      </Group>
      {text.isError && <Text c="red">{String(text.error)}</Text>}
      {text.data === undefined ? (
        <Skeleton height={300} />
      ) : (
        <div className={file === "solver.prototxt" ? undefined : "side-by-side"}>
          <Suspense fallback={<Skeleton height={300} />}>
            <PrototxtEditor label={file} value={text.data} go_to={go_to} />
          </Suspense>
          {file !== "solver.prototxt" && (
            <NetworkView
              text={text.data}
              spec={spec && request_of(spec)}
              on_line={(line) => set_go_to({ line, column: 1 })}
            />
          )}
        </div>
      )}
    </Stack>
  );
}
