import { Button, TextInput } from "@mantine/core";
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

interface FolderInputProps {
  name: string;
  label: string;
  description: string;
  placeholder: string;
  value: string;
  on_type: (path: string) => void;
  /** One that was looked for; without it, as if it were typed. */
  on_choose?: (path: string) => void;
}

/** A folder on the server's machine outside a form of declared fields, typed or looked for. */
export function FolderInput({ value, on_type, on_choose, ...input }: FolderInputProps) {
  return (
    <div className="path-row">
      <TextInput
        {...input}
        spellCheck={false}
        autoComplete="off"
        value={value}
        onChange={(event) => on_type(event.currentTarget.value)}
      />
      <BrowseButton kind="folder" label={input.label} value={value} on_choose={on_choose ?? on_type} />
    </div>
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
