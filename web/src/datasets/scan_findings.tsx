import { Text } from "@mantine/core";
import type { DatasetScan } from "../api/client";
import { percent } from "../format/format";
import { useText } from "../text/text";
import { type FoundKind, finding_line, findings_of } from "./scan_members";

/** A share that does not read as 0 %. */
const least_share = 0.005;

/** What a dry run found in labels: how many objects, how large, and what is wrong with which. */
export function ScanFindings({ scan }: { scan: DatasetScan }) {
  const { t, said, whole } = useText();
  const { boxes, usable_boxes, below, errors, kinds } = findings_of(scan);
  const small = below.find(({ share }) => share >= least_share);
  return (
    <>
      {boxes !== null && (
        <Text size="sm">
          {t("scan.boxes", { n: boxes })}
          {usable_boxes !== null && usable_boxes !== boxes && `, ${t("scan.usable", { count: whole(usable_boxes) })}`}
        </Text>
      )}
      {small && <Text size="sm">⚠ {t("scan.small", { share: percent(small.share, 0), side: small.side })}</Text>}
      {errors.map((error) => (
        <Text key={error} size="sm" c="red" role="alert" style={{ overflowWrap: "anywhere" }}>
          {said(error)}
        </Text>
      ))}
      {kinds.length > 0 && (
        <div data-testid="findings">
          {kinds.map((one) => (
            <Kind key={one.kind} found={one} />
          ))}
        </div>
      )}
    </>
  );
}

function Kind({ found: { kind, count, items } }: { found: FoundKind }) {
  const { t, translated, whole } = useText();
  return (
    <details>
      <summary>
        <Text span size="sm">
          {translated(`finding.${kind}`) ?? kind.replaceAll("_", " ")}: {whole(count)}
        </Text>
      </summary>
      <ul className="report-lines">
        {items.map((item, i) => (
          <li key={i}>{finding_line(item)}</li>
        ))}
        {count > items.length && <li>{t("summary.more_warnings", { n: count - items.length })}</li>}
      </ul>
    </details>
  );
}
