import { Button, FileButton, Group, Input, Stack, Textarea } from "@mantine/core";
import { useSystem } from "../api/queries";
import type { FormState } from "../forms/fields";
import { useText } from "../text/text";
import type { ModelForm } from "./model_form";

/** The code of a custom network's Python layers: typed, or taken from a file. Nothing can be given where none is run. */
export function PythonLayersField({ form }: { form: FormState<ModelForm> }) {
  const { t } = useText();
  const allowed = useSystem().data?.python_layers ?? false;
  const { python_layers } = form.values;
  const take = async (file: File | null) => {
    if (file) form.change({ python_layers: await file.text() });
  };
  if (!allowed && python_layers === "")
    return <Input.Wrapper label={t("field.python_layers")} description={t("python_layers.off")} />;
  return (
    <Stack gap="xs">
      <Textarea
        name="python_layers"
        label={t("field.python_layers")}
        description={t(allowed ? "python_layers.help" : "python_layers.off")}
        autosize
        minRows={2}
        maxRows={20}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        value={python_layers}
        error={form.error("python_layers")}
        onChange={(event) => form.change({ python_layers: event.currentTarget.value })}
      />
      {allowed && (
        <Group>
          <FileButton onChange={take} accept=".py" inputProps={{ "aria-label": t("python_layers.choose") }}>
            {(props) => (
              <Button size="xs" variant="default" {...props}>
                {t("python_layers.choose")}
              </Button>
            )}
          </FileButton>
        </Group>
      )}
    </Stack>
  );
}
