import { Alert, Button, Loader, Text } from "@mantine/core";
import type { MemoryEstimate, ModelSpec } from "../api/client";
import { bytes, rate } from "../format/format";
import { useDebounced } from "../frame/page_states";
import { operations } from "../network/network_view";
import { useDescribe, useEstimate } from "../network/use_describe";
import { type Translate, useText } from "../text/text";

interface Props {
  spec: ModelSpec | null;
  valid: boolean;
  /** The form has changed since `spec`. */
  stale: boolean;
  change_batch_size: (field: MemoryEstimate["field"], size: number) => void;
}

/** What training will take, before it is begun: parameters, operations, memory against what is free, and time. */
export function NetworkEstimate({ spec, valid, stale, change_batch_size }: Props) {
  const { t, whole, duration } = useText();
  const { found, stale: is_old } = useDescribe(valid ? spec : null);
  // Trying a network costs the machine two seconds; not with every word that is typed.
  const settled = useDebounced(spec, 1500);
  const estimate = useEstimate(valid && found?.ok && settled?.dataset_id ? settled : null);
  // What is wrong with the network stands beside its text.
  if (!valid || !found?.ok) return null;
  const { memory_bytes: memory, free_memory_bytes: free } = found;
  const time = estimate.data?.time;
  const span = (low: string, high: string) => (low === high ? low : t("estimate.span", { low, high }));
  return (
    <div data-testid="estimate" data-stale={stale || is_old} aria-busy={stale || is_old}>
      <dl className="facts">
        <dt>{t("model.parameters")}</dt>
        <dd>{whole(found.parameters)}</dd>
        <dt>{t("estimate.flops")}</dt>
        <dd>{operations(found.flops?.forward)}</dd>
        <dt>{t("estimate.memory")}</dt>
        <dd>{free > 0 ? t("estimate.of_free", { memory: bytes(memory), free: bytes(free) }) : bytes(memory)}</dd>
        {found.snapshots_bytes !== null && (
          <>
            <dt>{t("estimate.snapshots")}</dt>
            <dd>
              {t("estimate.of_free", { memory: bytes(found.snapshots_bytes), free: bytes(found.free_disk_bytes) })}
            </dd>
          </>
        )}
        {spec?.dataset_id && (
          <>
            <dt>{t("estimate.time")}</dt>
            <dd>
              {estimate.isFetching ? (
                <Loader size={12} role="img" aria-label={t("estimate.measuring")} />
              ) : time?.training_s ? (
                span(duration(time.training_s.low), duration(time.training_s.high))
              ) : (
                "–"
              )}
            </dd>
          </>
        )}
      </dl>
      {time && !estimate.isFetching && (
        <Text size="xs" c="dimmed">
          {speed_words(t, time.how === "measured" ? "estimate.measured" : "estimate.by_products", time.images_per_s)}
        </Text>
      )}
      {found.snapshots_bytes !== null && found.snapshots_bytes > found.free_disk_bytes && (
        <Alert data-tone="error" py="xs" mt="xs" data-testid="disk">
          {t("estimate.disk_full")}
        </Alert>
      )}
      {found.memory && found.memory.fit !== "fits" && (
        <MemoryAlert memory={found.memory} change_batch_size={change_batch_size} />
      )}
    </div>
  );
}

interface MemoryAlertProps {
  memory: MemoryEstimate;
  change_batch_size: Props["change_batch_size"];
}

/** A training that would be refused, and what to do about it. */
function MemoryAlert({ memory, change_batch_size }: MemoryAlertProps) {
  const { t, whole } = useText();
  const largest = memory.largest_batch_size;
  return (
    <Alert data-tone="error" py="xs" mt="xs" data-testid="memory">
      <Text size="sm">
        {t(memory.field === "batch_size" ? "estimate.too_much_memory" : "estimate.too_much_memory_of_validation", {
          batch: whole(memory.batch_size),
          needed: bytes(memory.needed_bytes),
          free: bytes(memory.free_bytes),
        })}{" "}
        {largest === null ? t("estimate.no_batch_fits") : null}
        {memory.fit === "tight" ? t("estimate.start_anyway") : null}
      </Text>
      {largest !== null && (
        <Button size="xs" variant="default" mt="xs" onClick={() => change_batch_size(memory.field, largest)}>
          {t(memory.field === "batch_size" ? "estimate.use_batch" : "estimate.use_val_batch", { n: whole(largest) })}
        </Button>
      )}
    </Alert>
  );
}

/** A range, or one number where both ends read the same. */
function speed_words(
  t: Translate,
  key: "estimate.measured" | "estimate.by_products",
  speed: { low: number; high: number },
): string {
  const [low, high] = [rate(speed.low), rate(speed.high)];
  return low === high ? t(`${key}_one`, { rate: low }) : t(key, { low, high });
}
