import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { FolderDrop } from "../datasets/folder_drop";
import { UploadFields } from "../datasets/upload_fields";
import type { ChosenFiles } from "../datasets/use_upload";
import { FolderInput } from "../forms/path_field";
import { useText } from "../text/text";
import { handed_folder } from "./handed_folder";

interface Props {
  on_chosen: (path: string, name: string) => void;
}

/** A folder of this computer, which is sent, or one of the server. */
export function ChooseFolder({ on_chosen }: Props) {
  const { t } = useText();
  const [handed, set_handed] = useState<ChosenFiles | null>(handed_folder);
  const [path, set_path] = useState("");
  const wanted = path.trim().replace(/(?<=.)\/+$/, "");
  return (
    <>
      <FolderDrop label={t("train.drop")} on_drop={set_handed} />
      <Title order={1}>{t("train.title")}</Title>
      <Text c="dimmed" mt={4} mb="md" maw={720}>
        {t("train.text")}
      </Text>
      <Stack gap="md" maw={720}>
        <section className="card form-section">
          <Title order={2}>{t("train.here")}</Title>
          <UploadFields path="" on_done={on_chosen} handed={handed} />
        </section>
        <section className="card form-section">
          <Title order={2}>{t("train.there")}</Title>
          <form
            onSubmit={(event: FormEvent) => {
              event.preventDefault();
              if (wanted !== "") on_chosen(wanted, "");
            }}
          >
            <FolderInput
              name="folder"
              label={t("train.folder")}
              description={t("train.formats")}
              placeholder="/data/flowers"
              value={path}
              on_type={set_path}
              on_choose={(chosen) => on_chosen(chosen, "")}
            />
            <Group mt="md">
              <Button type="submit" disabled={wanted === ""}>
                {t("train.propose")}
              </Button>
            </Group>
          </form>
        </section>
      </Stack>
    </>
  );
}
