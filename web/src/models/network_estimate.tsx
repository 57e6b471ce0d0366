import { Loader, Text } from "@mantine/core";
import type { ModelSpec } from "../api/client";
import { bytes, rate } from "../format/format";
import { useDebounced } from "../frame/page_states";
import { operations } from "../network/network_view";
import { useDescribe, useEstimate } from "../network/use_describe";
import { type Translate, useText } from "../text/text";

/** What training will take, before it is begun: parameters, operations, memory against what is free, and time. */
export function NetworkEstimate({ spec, valid }: { spec: ModelSpec | null; valid: boolean }) {
  const { t, whole, duration } = useText();
  const { found } = useDescribe(valid ? spec : null);
  // Trying a network costs the machine two seconds; not with every word that is typed.
  const settled = useDebounced(spec, 1500);
  const estimate = useEstimate(valid && found?.ok && settled?.dataset_id ? settled : null);
  // What is wrong with the network stands beside its text.
  if (!valid || !found?.ok) return null;
  const { memory_bytes: memory, free_memory_bytes: free } = found;
  const time = estimate.data?.time;
  const span = (low: string, high: string) => (low === high ? low : t("estimate.span", { low, high }));
  const tight = memory !== null && free > 0 && memory > free;
  return (
    <div data-testid="estimate">
      <dl className="facts">
        <dt>{t("model.parameters")}</dt>
        <dd>{whole(found.parameters)}</dd>
        <dt>{t("estimate.flops")}</dt>
        <dd>{operations(found.flops?.forward)}</dd>
        <dt>{t("estimate.memory")}</dt>
        <dd>{free > 0 ? t("estimate.of_free", { memory: bytes(memory), free: bytes(free) }) : bytes(memory)}</dd>
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
      {tight && (
        <Text size="sm" c="red" role="alert">
          {t("estimate.too_much_memory")}
        </Text>
      )}
    </div>
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
