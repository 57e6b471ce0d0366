import { Button } from "@mantine/core";
import "./forms.css";

interface Props {
  label: string;
  loading: boolean;
  disabled?: boolean;
}

/** The one button that sends a form. It stands before everything that grows as one types, so that it is there when the click comes. */
export function FormActions({ label, loading, disabled }: Props) {
  return (
    <div className="form-actions">
      <Button type="submit" loading={loading} disabled={disabled} fullWidth>
        {label}
      </Button>
    </div>
  );
}
