import { Alert, Button, Skeleton, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { useDoctor, useSystem } from "../api/queries";
import { bytes } from "../format/format";
import { Icon } from "../frame/icon";
import { PageSkeleton, QueryProblem, useTitle } from "../frame/page_states";
import { Facts } from "../jobs/job_tabs";
import { useText } from "../text/text";

const icons = { ok: "check", warning: "warning", error: "error" } as const;

export function SystemPage() {
  const { t, duration, whole, listed, said } = useText();
  const system = useSystem();
  const doctor = useDoctor();
  useTitle(t("system.title"));
  if (system.error) return <QueryProblem error={system.error} />;
  if (!system.data) return <PageSkeleton />;
  const {
    version,
    data_dir,
    address,
    pid,
    uptime_s,
    memory_bytes,
    devices,
    disk,
    limits,
    training_room,
    url_fetch,
    jobs,
  } = system.data;
  return (
    <Stack maw={760}>
      <Title order={1}>{t("system.title")}</Title>
      <Facts
        items={[
          [t("system.version"), version],
          [t("system.address"), address],
          [t("system.data_dir"), data_dir],
          [t("system.disk"), t("hardware.free_of", { free: bytes(disk.free_bytes), total: bytes(disk.total_bytes) })],
          [t("system.jobs"), whole(Object.values(jobs).reduce((sum, count) => sum + count, 0))],
          [t("system.uptime"), duration(Math.floor(uptime_s))],
          [t("system.process"), String(pid)],
          [t("model.memory"), bytes(memory_bytes)],
          ...devices.map((device): [string, string] => [
            device.id.toUpperCase(),
            listed([
              device.name,
              device.cores !== null ? t("system.cores", { n: device.cores }) : "",
              device.memory_bytes !== null ? bytes(device.memory_bytes) : "",
            ]),
          ]),
          [t("system.room"), t("system.room.value", { n: training_room.total, taken: training_room.taken })],
          [t("system.body"), bytes(limits.body_bytes)],
          [t("system.upload"), t("system.upload_limit", { size: bytes(limits.upload_bytes), n: limits.upload_files })],
          [t("system.url_fetch"), t(url_fetch ? "system.url_fetch.yes" : "system.url_fetch.no")],
        ]}
      />
      <Trash />
      <Text size="sm" c="dimmed">
        {t("system.licence")}
      </Text>
      <Title order={2}>{t("system.doctor")}</Title>
      {doctor.error ? <QueryProblem error={doctor.error} /> : null}
      {doctor.isLoading && <Skeleton height={64} />}
      {doctor.data?.checks.map((check) => (
        <Alert
          key={check.id}
          data-tone={check.status}
          icon={<Icon name={icons[check.status]} />}
          title={`${t(`doctor.${check.status}`)}: ${said(check.title)}`}
        >
          <Text size="sm">{said(check.text)}</Text>
          {check.fix && (
            <Text size="sm" fw={600}>
              {said(check.fix)}
            </Text>
          )}
        </Alert>
      ))}
    </Stack>
  );
}

/** Deleted jobs keep their disk space for ten minutes, unless somebody needs it now. */
function Trash() {
  const { t, whole } = useText();
  const queries = useQueryClient();
  const empty = useMutation({
    mutationFn: () => answer(client.DELETE("/trash")),
    onSuccess: ({ removed, free_bytes }) => {
      void queries.invalidateQueries({ queryKey: ["system"] });
      notifications.show({
        message: t("system.trash.emptied", { n: whole(removed), free: bytes(free_bytes) }),
        closeButtonProps: { "aria-label": t("action.close") },
      });
    },
  });
  return (
    <Stack gap="xs" align="flex-start">
      <Title order={2}>{t("system.trash")}</Title>
      <Text size="sm">{t("system.trash.help")}</Text>
      <Button variant="default" size="xs" loading={empty.isPending} onClick={() => empty.mutate()}>
        {t("system.trash.empty")}
      </Button>
      {empty.error ? <QueryProblem error={empty.error} /> : null}
    </Stack>
  );
}
