import { Button } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useText } from "../text/text";
import { TextField, type TextFieldProps, useFieldText } from "./fields";

const BrowseDialog = lazy(() => import("./browse_dialog"));

interface BrowseButtonProps {
  kind: "folder" | "file";
  value: string;
  /** What it is for, for screen readers. */
  label: string;
  accept?: RegExp;
  on_choose: (path: string) => void;
}

export function BrowseButton({ label, ...dialog }: BrowseButtonProps) {
  const { t } = useText();
  const [open, set_open] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => set_open(true)} aria-label={`${t("browse.action")} ${label}`}>
        {t("browse.action")}
      </Button>
      {open && (
        <Suspense>
          <BrowseDialog {...dialog} close={() => set_open(false)} />
        </Suspense>
      )}
    </>
  );
}

/** A path on the server's machine, typed or looked for; `children`: other ways to get one. */
export function PathField<T>({
  kind,
  accept,
  children,
  ...field
}: TextFieldProps<T> & { kind: "folder" | "file"; accept?: RegExp; children?: ReactNode }) {
  const { form, name } = field;
  const text = useFieldText();
  const declared = form.field(name);
  const label = field.label ?? (declared ? text.label(declared) : name);
  return (
    <div className="path-row">
      <TextField {...field} mono />
      <BrowseButton
        kind={kind}
        accept={accept}
        label={label}
        value={String(form.values[name])}
        on_choose={(path) => form.change({ [name]: path } as Partial<T>)}
      />
      {children}
    </div>
  );
}
