import { Slider } from "@mantine/core";

interface Props {
  label: string;
  /** The value in words. */
  text: string;
  value: number;
  on_change: (value: number) => void;
  least?: number;
  most?: number;
  step?: number;
}

/** A slider with its name and its value above it. */
export function NamedSlider({ label, text, value, on_change, least = 0, most = 1, step = 0.01 }: Props) {
  return (
    <div className="named-slider">
      <span>
        {label} <b>{text}</b>
      </span>
      <Slider
        size="sm"
        thumbLabel={label}
        label={null}
        min={least}
        max={most}
        step={step}
        value={value}
        onChange={on_change}
      />
    </div>
  );
}
