import { Button } from "@mantine/core";
import { useText } from "../../text/text";
import { all_hidden, toggled } from "./shared_choice";
import "./overlay.css";

export interface LegendClass {
  class: number;
  label: string;
  colour: string;
  /** What it has of the image: a count or a share. */
  note: string;
}

interface Props {
  classes: LegendClass[];
  hidden: ReadonlySet<string>;
  on_hidden: (hidden: ReadonlySet<string>) => void;
}

/** The classes of an image; a click shows or hides one. */
export function ClassLegend({ classes, hidden, on_hidden }: Props) {
  const { t } = useText();
  if (classes.length === 0) return null;
  return (
    <div className="legend-box">
      <ul className="legend" aria-label={t("overlay.legend")}>
        {classes.map((one) => (
          <li key={one.class}>
            <button
              type="button"
              aria-pressed={!hidden.has(one.label)}
              title={t(hidden.has(one.label) ? "overlay.show_class" : "overlay.hide_class", { name: one.label })}
              onClick={() => on_hidden(toggled(hidden, one.label))}
            >
              <span className="swatch" style={{ background: one.colour }} />
              <span className="legend-name">{one.label}</span>
              <span className="legend-note">{one.note}</span>
            </button>
          </li>
        ))}
      </ul>
      {classes.length > 1 && (
        <span className="legend-all">
          <Button size="compact-xs" variant="default" onClick={() => on_hidden(new Set())}>
            {t("overlay.all")}
          </Button>
          <Button size="compact-xs" variant="default" onClick={() => on_hidden(all_hidden(classes))}>
            {t("overlay.no_class")}
          </Button>
        </span>
      )}
    </div>
  );
}
