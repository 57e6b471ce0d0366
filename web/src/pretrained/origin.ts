/** Where a pretrained model came from, as its job's spec has it. */
export interface PretrainedSpec {
  source?: {
    type?: "archive" | "files" | "model" | "store" | "onnx";
    name?: string;
    model_id?: string;
    iteration?: number;
    epoch?: number | null;
  };
  license?: string;
  origin?: string;
}

/** The files of the store on the server's own disk are linked like uploaded ones, but others gave them. */
export function origin_of({
  source,
  license,
  origin,
}: PretrainedSpec): "archive" | "files" | "model" | "store" | "onnx" {
  const type = source?.type ?? "archive";
  return type === "files" && (license || origin) ? "store" : type;
}
