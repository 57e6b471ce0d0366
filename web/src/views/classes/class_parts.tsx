import { evaluated_image_url } from "../../api/client";
import { class_colour } from "../../charts/palette";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import { SampleImage } from "../sample_image";
import type { Answer, OpenPrediction, Sample, SampleProps } from "../view";

export function ClassSample({ item, src }: SampleProps) {
  const { t } = useText();
  return (
    <img
      loading="lazy"
      decoding="async"
      src={src}
      alt={t("explore.alt", { name: item.label_name, index: String(item.index) })}
    />
  );
}

export function ClassTarget({ item }: { item: Sample }) {
  const { t } = useText();
  return (
    <>
      <dt>{t("explore.class")}</dt>
      <dd>
        <span className="swatch" style={{ background: class_colour(item.label) }} />
        {item.label_name} ({item.label})
      </dd>
    </>
  );
}

/** The most probable classes, each with its bar. */
export function ClassAnswer({ answer: { predictions } }: { answer: Answer }) {
  return (
    <ul className="bars">
      {predictions.map((prediction, i) => (
        <li className="bar-row" key={prediction.index} data-best={i === 0}>
          <span title={prediction.label}>{prediction.label}</span>
          <span className="bar">
            <i style={{ width: `${prediction.probability * 100}%`, background: class_colour(prediction.index) }} />
          </span>
          <span>{percent(prediction.probability)}</span>
        </li>
      ))}
    </ul>
  );
}

/** An evaluated image with its class and the three most probable ones. */
export function ClassPrediction({ job, item, on_open }: OpenPrediction) {
  const { t } = useText();
  const best = item.predictions[0];
  const wrong = item.truth !== null && item.truth.index !== best?.index;
  const file = item.image.split("/").at(-1) ?? "";
  return (
    <li className="prediction" data-wrong={wrong} data-testid="prediction">
      <button type="button" className="image-button" onClick={on_open} title={item.image}>
        <SampleImage
          src={evaluated_image_url(job, item.index)}
          alt={t("images.alt", { index: String(item.index), label: item.truth?.label ?? best?.label ?? "" })}
        />
      </button>
      <p className="file-name">{file}</p>
      <p>
        <b>{item.truth ? t("images.is", { label: item.truth.label }) : t("images.unknown")}</b>
      </p>
      <ol>
        {item.predictions.slice(0, 3).map((one) => (
          <li key={one.index} data-best={one === best}>
            <span className="swatch" style={{ background: class_colour(one.index) }} />
            <span title={one.label}>{one.label}</span>
            <span>{percent(one.probability, 1)}</span>
          </li>
        ))}
      </ol>
    </li>
  );
}
