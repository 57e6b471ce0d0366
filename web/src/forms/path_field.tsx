import { Button, Group } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useText } from "../text/text";
import { TextField, type TextFieldProps } from "./fields";

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
  const { form, name, label } = field;
  const has_error = form.error(name) !== undefined;
  return (
    <Group gap="xs" align={has_error ? "center" : "flex-end"} wrap="nowrap">
      <div style={{ flex: 1, minWidth: 0 }}>
        <TextField {...field} mono />
      </div>
      <BrowseButton
        kind={kind}
        accept={accept}
        label={label}
        value={String(form.values[name])}
        on_choose={(path) => form.change({ [name]: path } as Partial<T>)}
      />
      {children}
    </Group>
  );
}
