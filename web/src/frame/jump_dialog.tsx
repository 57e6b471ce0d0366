import { Modal, NavLink, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { answer, client } from "../api/client";
import { job_path } from "../jobs/job_path";
import { StateMark } from "../jobs/job_state";
import { useText } from "../text/text";
import { useDebounced } from "./page_states";

/** Search or jump: pages first, then the jobs that the server finds. */
export default function JumpDialog({ close }: { close: () => void }) {
  const { t } = useText();
  const navigate = useNavigate();
  const [query, set_query] = useState("");
  const [chosen, set_chosen] = useState(0);
  const q = useDebounced(query.trim(), 200);
  const jobs = useQuery({
    queryKey: ["jump", q],
    queryFn: ({ signal }) =>
      answer(client.GET("/jobs", { params: { query: { q: q || undefined, limit: 8 } }, signal })),
  });
  const pages = [
    { to: "/", label: t("nav.home") },
    { to: "/datasets/new", label: t("dataset.new") },
    { to: "/models/new", label: t("model.new") },
    { to: "/train", label: t("train.title") },
    { to: "/compare", label: t("compare.title") },
    { to: "/store", label: t("store.title") },
    { to: "/system", label: t("system.title") },
  ].filter((page) => page.label.toLowerCase().includes(query.trim().toLowerCase()));
  const found = (jobs.data?.items ?? []).map((job) => ({
    to: job_path(job),
    label: job.name,
    job,
  }));
  const entries: { to: string; label: string; job?: (typeof found)[number]["job"] }[] = [...found, ...pages];
  const at = Math.min(chosen, Math.max(0, entries.length - 1));
  const go = (to: string) => {
    close();
    navigate(to);
  };
  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      padding="sm"
      attributes={{ content: { "aria-label": t("nav.jump") } }}
    >
      <TextInput
        data-autofocus
        aria-label={t("nav.jump")}
        placeholder={t("nav.jump")}
        value={query}
        onChange={(event) => {
          set_query(event.currentTarget.value);
          set_chosen(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") set_chosen(Math.min(at + 1, entries.length - 1));
          else if (event.key === "ArrowUp") set_chosen(Math.max(at - 1, 0));
          else if (event.key === "Enter" && entries[at]) go(entries[at].to);
          else return;
          event.preventDefault();
        }}
      />
      <Stack gap={0} mt="xs">
        {entries.map((entry, i) => (
          <NavLink
            key={entry.to}
            active={i === at}
            label={entry.label}
            description={entry.job ? t(`kind.${entry.job.kind}`) : undefined}
            leftSection={entry.job ? <StateMark state={entry.job.state} /> : undefined}
            component="button"
            onClick={() => go(entry.to)}
          />
        ))}
        {entries.length === 0 && (
          <Text c="dimmed" size="sm" p="xs">
            {t("list.none_found")}
          </Text>
        )}
      </Stack>
    </Modal>
  );
}
