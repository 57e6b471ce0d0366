import { useEffect, useRef, useState } from "react";
import { Icon } from "../frame/icon";
import { dropped_files } from "./upload_client";
import type { ChosenFiles } from "./use_upload";
import "./folder_drop.css";

interface Props {
  /** What happens with the folder. */
  label: string;
  on_drop: (files: ChosenFiles) => void;
}

function has_files(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** Makes the whole page a place to drop a folder on; what has a smaller place of its own (`preventDefault`) keeps it. */
export function FolderDrop({ label, on_drop }: Props) {
  const [over, set_over] = useState(false);
  const latest = useRef(on_drop);
  latest.current = on_drop;
  useEffect(() => {
    const listeners = new AbortController();
    const listen = (type: "dragover" | "dragleave" | "drop", handle: (event: DragEvent) => void) =>
      window.addEventListener(type, handle, { signal: listeners.signal });
    listen("dragover", (event) => {
      const taken = event.defaultPrevented;
      if (has_files(event)) event.preventDefault();
      set_over(has_files(event) && !taken);
    });
    listen("dragleave", (event) => {
      // Only the window itself is left for nothing.
      if (event.relatedTarget === null) set_over(false);
    });
    listen("drop", (event) => {
      set_over(false);
      if (event.defaultPrevented || !has_files(event)) return;
      event.preventDefault();
      void dropped_files(event.dataTransfer!.items).then((files) => latest.current(files));
    });
    return () => listeners.abort();
  }, []);
  if (!over) return null;
  return (
    <div className="folder-drop" aria-hidden="true" data-testid="folder-drop">
      <Icon name="upload" />
      {label}
    </div>
  );
}
