import { Button, FileButton } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { show_problem } from "../jobs/problem_note";
import { useText } from "../text/text";
import { send_upload } from "./upload_client";

interface Props {
  /** What it is for, for screen readers. */
  label: string;
  on_done: (path: string) => void;
}

/** Sends one text file from this computer; the field then names it where it lies on the server's machine. */
export function SendListButton({ label, on_done }: Props) {
  const { t, said } = useText();
  const send = useMutation({
    mutationFn: async (file: File) => {
      const sent = await send_upload(
        "folder",
        file.name,
        [{ path: file.name, file }],
        () => undefined,
        new AbortController().signal,
      );
      return `${sent.path}/${file.name}`;
    },
    onSuccess: on_done,
    onError: (error) => show_problem(error, t("upload.failed"), said),
  });
  return (
    <FileButton
      accept=".txt,.csv,.tsv,.lst"
      inputProps={{ "aria-label": `${t("upload.list")} ${label}` }}
      onChange={(file) => file && send.mutate(file)}
    >
      {(props) => (
        <Button variant="default" loading={send.isPending} aria-label={`${t("upload.list")} ${label}`} {...props}>
          {t("upload.list")}
        </Button>
      )}
    </FileButton>
  );
}
